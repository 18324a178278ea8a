import { Audience } from '@forkproof/contracts/ids'
import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { connectTemporal } from '@forkproof/infra/temporal-client'
import { admissionParts } from './admission/admission-parts.ts'
import { fetchDocument } from './admission/id-tokens/fetch-document.ts'
import { temporalInspector } from './admission/temporal-inspector.ts'
import { buildParts } from './builds/build-parts.ts'
import { clientOfBuilds, temporalBuilds } from './builds/temporal-builds.ts'
import { BusLink } from './bus-link.ts'
import { audiencePolicy } from './claims/audience-policy.ts'
import { createClaimState } from './claims/claim-state.ts'
import { createExchange } from './claims/exchange-claim.ts'
import { FirstAddresses } from './claims/first-addresses.ts'
import { throttledNudges } from './claims/nudges.ts'
import { servePolicy } from './claims/serve-policy.ts'
import { createStartClaim } from './claims/start-claim.ts'
import { temporalClaims } from './claims/temporal-claims.ts'
import type { GatewayConfig } from './config.ts'
import { createDepotServer } from './depot/depot-server.ts'
import { PublishedKeys } from './discovery/published-keys.ts'
import { gatewayMetrics } from './gateway-metrics.ts'
import type { GatewayParts } from './http/app.ts'
import { createServer } from './http/server.ts'
import { stopServer } from './http/stop-server.ts'
import { createReadiness } from './readiness.ts'
import { HeldRequests } from './throttling/held-requests.ts'
import { RequestLimits } from './throttling/request-limits.ts'

/** Builds and starts the gateway. It listens at once; Temporal and the bus may come later. */
export async function composeGateway(
  config: GatewayConfig,
  lifecycle: Lifecycle,
): Promise<{ log: Logger; url: string; depotUrl: string | undefined }> {
  const log = createLogger({ service: 'gateway', level: config.logLevel })
  const parts = gatewayParts(config, { lifecycle, log })
  const app = await createServer(parts)
  lifecycle.add('http server', () => stopServer(app, parts.held))
  const url = await app.listen({ host: config.host, port: config.port })
  const depotUrl = await listenForDepot(config, parts, lifecycle)
  log.info({ url }, 'listening')
  return { log, url, depotUrl }
}

async function listenForDepot(
  { depotHost: host, depotPort: port, trustedProxies }: GatewayConfig,
  parts: GatewayParts,
  lifecycle: Lifecycle,
): Promise<string | undefined> {
  if (port === 'off') return undefined
  const server = createDepotServer(parts, trustedProxies)
  lifecycle.add('Depot-compatible API', () => server.close())
  const url = await server.listen({ host, port })
  parts.log.info({ url }, 'listening for clients of the Depot-compatible API')
  return url
}

function gatewayParts(config: GatewayConfig, { lifecycle, log }: { lifecycle: Lifecycle; log: Logger }): GatewayParts {
  const clock = systemClock
  const temporal = { address: config.temporalAddress, namespace: config.temporalNamespace }
  const temporalClient = connectTemporal(temporal, lifecycle)
  const claims = temporalClaims(temporalClient)
  const bus = new BusLink({ servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log }, clock)
  lifecycle.add('message bus', () => bus.close())
  void bus.connect(lifecycle.signal)

  const nudges = throttledNudges(bus, clock)
  const held = new HeldRequests({ ...config, holdMs: config.exchangeHoldMs })
  const requestLimits = new RequestLimits(config, clock)
  const publishedKeys = new PublishedKeys({ source: bus, clock, log })
  const defaultAudience = config.defaultAudience ?? Audience.parse(config.issuer)
  const publicUrl = config.publicUrl ?? config.issuer
  const admission = admissionParts(
    { ...config, defaultAudience },
    {
      bucket: name => bus.bucket(name),
      inspector: temporalInspector(temporalClient),
      fetchDocument,
      publishedKeys,
      requestLimits,
      clock,
      log,
    },
  )
  const builds = buildParts({
    builds: temporalBuilds(clientOfBuilds(temporalClient)),
    signs: bus,
    bucket: name => bus.bucket(name),
    requestLimits,
    clock,
  })
  return {
    ...config,
    ...admission,
    ...builds,
    publicUrl,
    startClaim: createStartClaim({
      issuer: config.issuer,
      publicUrl,
      defaultAudience,
      lifetimeMs: config.claimLifetimeMs,
      channels: config.channels,
      serves: servePolicy(config.serve),
      acceptsAudience: audiencePolicy(config.audiences, defaultAudience),
      claims,
      requestLimits,
      busIsUp: () => bus.isUp(),
      clock,
    }),
    exchange: createExchange({ claims, nudges, held, clock }),
    claimState: createClaimState(claims),
    nudges,
    requestLimits,
    held,
    firstAddresses: new FirstAddresses(log),
    publishedKeys,
    readiness: createReadiness(
      {
        temporal: () => claims.reachable(),
        bus: async () => bus.isUp(),
        keys: () =>
          publishedKeys.current().then(
            keys => keys.body !== '{"keys":[]}',
            () => false,
          ),
      },
      clock,
    ),
    metrics: gatewayMetrics(),
    clock,
    log,
  }
}
