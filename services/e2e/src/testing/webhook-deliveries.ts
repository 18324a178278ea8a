import { createHmac } from 'node:crypto'

const requestMsMax = 10_000

/** What GitHub's webhooks say of a run, as far as anybody here reads it. */
interface WebhookAbout {
  readonly repositoryId: string
  readonly runId: number
  readonly attempt?: number
}

export const runPayload = ({ repositoryId, runId, attempt = 1 }: WebhookAbout, action = 'completed') => ({
  action,
  repository: { id: Number(repositoryId) },
  workflow_run: { id: runId, run_attempt: attempt, status: 'completed', conclusion: 'cancelled' },
})

interface SentWebhook {
  readonly event: string
  readonly payload: unknown
  readonly secret: string
  readonly deliveryId?: string
}

/** Delivers as GitHub does, by hand: a test chooses what is forged in it. @returns the answer's status */
export async function deliverWebhook(
  issuer: string,
  { event, payload, secret, deliveryId }: SentWebhook,
): Promise<number> {
  const body = JSON.stringify(payload)
  const response = await fetch(`${issuer}/webhooks/github`, {
    method: 'POST',
    signal: AbortSignal.timeout(requestMsMax),
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': deliveryId ?? crypto.randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
    body,
  })
  await response.arrayBuffer()
  return response.status
}
