import { createMetrics } from '@forkproof/infra/telemetry'

const untilTokenSeconds = [0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300]

/** What the gateway counts. Labels are codes and route patterns only: no address, repository or id. */
export function gatewayMetrics() {
  const metrics = createMetrics('gateway')
  return {
    claims: metrics.counter('claims_total', 'Answers to POST /claim by code; "started" is success', ['code']),
    exchanges: metrics.counter('exchanges_total', 'Answers to POST /exchange by outcome', ['outcome']),
    tokenExchanges: metrics.counter(
      'token_exchanges_total',
      'Answers to POST /oauth/token by code; "issued" is success',
      ['code'],
    ),
    builds: metrics.counter('builds_total', 'Answers to requests for a build by API and code; "started" is success', [
      'api',
      'code',
    ]),
    webhooks: metrics.counter(
      'webhooks_total',
      'Answers to webhooks by event and code; "hinted" is what the verifiers were told of',
      ['event', 'outcome'],
    ),
    held: metrics.gauge('exchanges_held', 'Exchanges that are being held'),
    requestSeconds: metrics.histogram('http_request_seconds', 'Time to answer', ['method', 'route', 'status']),
    untilTokenSeconds: metrics.histogram(
      'claim_to_token_seconds',
      'From the claim to the first answer with its token',
      [],
      untilTokenSeconds,
    ),
    render: metrics.render,
    contentType: metrics.contentType,
  }
}
export type GatewayMetrics = ReturnType<typeof gatewayMetrics>
