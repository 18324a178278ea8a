import { createHmac } from 'node:crypto'
import { Secret } from '@forkproof/infra/secret'
import type { GatewayConfig } from '../config.ts'
import { gatewayHarness } from './gateway-harness.ts'

export const webhookSecret = 'w'.repeat(32)
export const olderWebhookSecret = 'o'.repeat(32)

/** As GitHub signs: HMAC-SHA-256 over the body's bytes. */
export const signatureFor = (body: string | Buffer, secret = webhookSecret): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

export const jobPayload = {
  action: 'completed',
  repository: { id: 74 },
  workflow_job: { id: 99, run_id: 77, run_attempt: 2 },
}
/** About another run. */
export const payloadOf = (runId: number, repositoryId = 74) => ({
  ...jobPayload,
  repository: { id: repositoryId },
  workflow_job: { ...jobPayload.workflow_job, run_id: runId },
})
export const hintOfJob = {
  about: 'job',
  repositoryId: '74',
  runId: '77',
  attempt: '2',
  jobId: '99',
  action: 'completed',
} as const

interface TestDelivery {
  readonly body?: string | Buffer
  readonly headers?: Record<string, string>
  readonly remoteAddress?: string
}

/** A gateway that takes webhooks. `deliver` sends one as GitHub would; headers that are `''` are left out. */
export async function webhookHarness(settings: Partial<GatewayConfig> = {}) {
  const gateway = await gatewayHarness({
    webhookSecrets: new Secret([webhookSecret, olderWebhookSecret]),
    ...settings,
  })
  let deliveries = 0
  const deliver = ({
    body = JSON.stringify(jobPayload),
    headers = {},
    remoteAddress = '192.0.2.7',
  }: TestDelivery = {}) => {
    deliveries += 1
    const all = {
      'content-type': 'application/json',
      'x-github-event': 'workflow_job',
      'x-github-delivery': `72d3162e-cc78-11e3-81ab-${String(deliveries).padStart(12, '0')}`,
      'x-hub-signature-256': signatureFor(body),
      ...headers,
    }
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
    return gateway.app.inject({ method: 'POST', url: '/webhooks/github', headers: sent, payload: body, remoteAddress })
  }
  return { ...gateway, deliver }
}
