import { AppError } from '@forkproof/contracts/errors'
import { decodeBody } from '../http/decode-body.ts'
import type { DeliveryLimits } from './delivery-limits.ts'
import type { DeliveryMemory } from './delivery-memory.ts'
import { hintOfPayload } from './hint-of-payload.ts'
import type { RunHints } from './ports.ts'
import type { SignedDelivery } from './signed-delivery.ts'

/** docs/glossary.md: delivery. Event and id are of headers, which are not signed. */
export interface WebhookDelivery {
  readonly event: string
  readonly deliveryId: string
  readonly signed: SignedDelivery
}

/** `hinted`: the verifiers were told. `repeated`: it came before. `ignored`: nothing that anybody here waits for. */
export type DeliveryOutcome = 'hinted' | 'repeated' | 'ignored'

interface ReceiveDeliveryDeps {
  readonly hints: RunHints
  readonly memory: DeliveryMemory
  readonly limits: Pick<DeliveryLimits, 'countHint'>
}

/**
 * What becomes of a signed delivery. It waits for nothing, so that GitHub has its answer well within its 10 s.
 * @throws AppError invalid_request, rate_limited or temporarily_unavailable
 */
export function receiveDelivery(
  { event, deliveryId, signed }: WebhookDelivery,
  { hints, memory, limits }: ReceiveDeliveryDeps,
): DeliveryOutcome {
  const hint = hintOfPayload(event, parsePayload(signed.body))
  if (!hint) return 'ignored'
  const seen = { deliveryId, bodyKey: signed.bodyKey }
  if (memory.has(seen)) return 'repeated'
  limits.countHint(hint)
  if (!hints.tell(hint)) throw new AppError('temporarily_unavailable')
  memory.remember(seen)
  return 'hinted'
}

/** Not the strict parser of requests: the text is GitHub's, and a custom property may be called `constructor`. */
function parsePayload(body: Buffer): unknown {
  const text = decodeBody(body)
  try {
    return JSON.parse(text)
  } catch {
    throw new AppError('invalid_request', { detail: 'the body is not JSON' })
  }
}
