import type { Clock } from '@forkproof/infra/clock'
import type { Secret } from '@forkproof/infra/secret'
import { HeldRequests } from '../throttling/held-requests.ts'
import { type DeliveryLimitOptions, DeliveryLimits } from './delivery-limits.ts'
import { DeliveryMemory } from './delivery-memory.ts'
import type { RunHints } from './ports.ts'
import { type DeliveryOutcome, receiveDelivery, type WebhookDelivery } from './receive-delivery.ts'
import { webhookLimits } from './webhook-limits.ts'

interface WebhookOptions extends DeliveryLimitOptions {
  readonly webhookSecrets: Secret<readonly string[]> | undefined
}

/** What the route of webhooks needs. */
export interface WiredWebhooks {
  readonly secrets: Secret<readonly string[]>
  readonly limits: Pick<DeliveryLimits, 'countSender'>
  /** Room for the bodies that are being received. */
  readonly bodies: HeldRequests
  readonly receive: (delivery: WebhookDelivery) => DeliveryOutcome
}

/** Undefined without a secret: what is not signed cannot be told from what a stranger sends. */
export function wireWebhooks(
  { webhookSecrets: secrets, ...options }: WebhookOptions,
  { hints, clock }: { readonly hints: RunHints; readonly clock: Clock },
): WiredWebhooks | undefined {
  if (!secrets) return undefined
  const limits = new DeliveryLimits(options, clock)
  const memory = new DeliveryMemory(clock, webhookLimits)
  return {
    secrets,
    limits,
    bodies: new HeldRequests({
      holdMs: webhookLimits.bodyMsMax,
      heldMax: webhookLimits.bodiesAtOnceMax,
      heldPerAddressMax: webhookLimits.bodiesPerAddressMax,
    }),
    receive: delivery => receiveDelivery(delivery, { hints, memory, limits }),
  }
}
