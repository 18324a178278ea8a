import type { ClaimSpec, ClaimVerdict } from '@forkproof/contracts/claim-spec'
import type { ClaimId } from '@forkproof/contracts/ids'

/** What can be known of a claim without waiting. */
export interface ClaimRecord {
  readonly status: 'running' | 'completed' | 'failed'
  /** The claimant brought its own key; no ticket exists. */
  readonly ownKey: boolean
  readonly startedAtMs: number
  readonly closedAtMs?: number
}

/**
 * The truth about claims. Every method is bounded in time and throws `AppError('temporarily_unavailable')` when
 * the truth cannot be reached.
 */
export interface Claims {
  /** At most one claim per id, ever. */
  start(order: ClaimSpec): Promise<'started' | 'key_used'>
  record(claimId: ClaimId): Promise<ClaimRecord | undefined>
  /** Waits for the end of the claim until the signal aborts (then it rejects). `failed`: it ended without a verdict. */
  verdict(claimId: ClaimId, signal: AbortSignal): Promise<ClaimVerdict | 'failed'>
  /** Can the truth be reached? Never throws. */
  reachable(): Promise<boolean>
}

/** Hints for the verifier that watches a claim. Losing one is harmless. */
export interface Nudges {
  publish(claimId: ClaimId, kind: 'shown' | 'asked'): void
}
