import type { ClaimVerdict } from '@forkproof/contracts/claim-spec'
import { AppError } from '@forkproof/contracts/errors'
import { ClaimId, Ticket } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import type { Clock } from '@forkproof/infra/clock'
import { claimIdOf, openWithTicket, ticketSealKey } from '@forkproof/infra/seal'
import { Secret } from '@forkproof/infra/secret'
import type { HeldRequests } from '../throttling/held-requests.ts'
import type { ClaimRecord, Claims, Nudges } from './ports.ts'

export type ExchangeOutcome =
  | { readonly kind: 'pending' }
  /** `token` for a ticket; `sealed` is a JWE that only the claimant opens. */
  | {
      readonly kind: 'token' | 'sealed'
      readonly claimId: ClaimId
      readonly body: Secret
      readonly startedAtMs: number
    }

export interface Asker {
  readonly address: string
  /** Aborts when the client has gone away. */
  readonly gone: AbortSignal
}

interface ExchangeDeps {
  readonly claims: Claims
  readonly nudges: Nudges
  readonly held: Pick<HeldRequests, 'enter'>
  readonly clock: Clock
}

/** Shorter than the hold: the claim is over already, only its result has to be fetched. */
const fetchTimeoutMs = 3_000

/**
 * Exchanges a ticket, or the id of a claim with its own key, for the token. Never spends anything: asking early,
 * twice or after a dropped connection gives what asking once would have given. @throws AppError
 */
export function createExchange(deps: ExchangeDeps): (asked: string, asker: Asker) => Promise<ExchangeOutcome> {
  return async (asked, asker) => {
    const { claimId, ticket } = await identify(asked)
    deps.nudges.publish(claimId, 'asked')
    const record = await deps.claims.record(claimId)
    // The id of a ticketed claim is public; it must not do what the ticket does.
    if (!record || (!ticket && !record.ownKey)) throw new AppError('claim_not_found')
    const verdict = await settle(deps, { claimId, record, asker })
    if (!verdict) return { kind: 'pending' }
    if (verdict === 'failed') throw new AppError('claim_expired')
    if (verdict.verdict === 'refused') {
      throw new AppError(verdict.reason, verdict.detail === undefined ? {} : { detail: verdict.detail })
    }
    if (tokenIsOver(record, deps.clock.now())) throw new AppError('claim_expired')
    const { startedAtMs } = record
    if (!ticket) return { kind: 'sealed', claimId, body: new Secret(verdict.sealedToken), startedAtMs }
    return { kind: 'token', claimId, body: await openWithTicket(verdict.sealedToken, ticket), startedAtMs }
  }
}

/** What is neither a ticket nor an id is simply an unknown claim. */
async function identify(asked: string): Promise<{ claimId: ClaimId; ticket?: Secret<Ticket> }> {
  const parsed = Ticket.safeParse(asked)
  if (parsed.success) {
    const ticket = new Secret(parsed.data)
    return { claimId: await claimIdOf(ticketSealKey(ticket)), ticket }
  }
  const id = ClaimId.safeParse(asked)
  if (!id.success) throw new AppError('claim_not_found')
  return { claimId: id.data }
}

async function settle(
  deps: ExchangeDeps,
  { claimId, record, asker }: { claimId: ClaimId; record: ClaimRecord; asker: Asker },
): Promise<ClaimVerdict | 'failed' | undefined> {
  if (record.status === 'failed') return 'failed'
  if (record.status === 'completed') return deps.claims.verdict(claimId, AbortSignal.timeout(fetchTimeoutMs))
  const hold = deps.held.enter(asker.address, asker.gone)
  try {
    return await deps.claims.verdict(claimId, hold.signal)
  } catch (error) {
    if (hold.signal.aborted) return undefined
    throw error
  } finally {
    hold.leave()
  }
}

/**
 * The gateway cannot read `exp` of a sealed token; a token is minted before its claim closes, so it has ended by
 * then. A refusal is answered for as long as the claim is remembered.
 */
function tokenIsOver(record: ClaimRecord, nowMs: number): boolean {
  return record.closedAtMs !== undefined && record.closedAtMs + limits.tokenLifetimeSeconds * 1_000 <= nowMs
}
