import { type ErrorCode, errorTable, isErrorCode } from '@forkproof/contracts/errors'
import type { ClaimFailure } from './claim-failure.ts'
import { claimantLimits } from './limits.ts'
import type { OpenClaim } from './open-claim.ts'

/**
 * The refusals after which a fresh claim may be proven, besides those that the table of errors calls retryable: the
 * claim ended without a verdict, and the issuer does not know it any more.
 */
const endedClaims: readonly ErrorCode[] = ['claim_expired', 'claim_not_found']

/**
 * Whether another claim may succeed after this failure.
 * A code that was not seen counts only when the claim's whole time is over: seen late, it may be seen the next time.
 * @param claim absent where none was opened
 */
export function isPassing({ kind, code }: ClaimFailure, claim: OpenClaim | undefined, nowMs: number): boolean {
  if (kind === 'unavailable') return true
  if (kind !== 'refused' || !isErrorCode(code)) return false
  if (code === 'code_not_seen') {
    return claim !== undefined && nowMs >= Date.parse(claim.expiresAt) - claimantLimits.expirySkewMs
  }
  return errorTable[code].retryable || endedClaims.includes(code)
}

/** How long to wait before claim number `claims + 1`: at least as long as the issuer asks. */
export function pauseBeforeNextClaimMs(failure: ClaimFailure, claims: number, random: number): number {
  const { claimAgainFirstMs, claimAgainMaxMs } = claimantLimits
  const ceilingMs = Math.min(claimAgainFirstMs * 2 ** (claims - 1), claimAgainMaxMs)
  const jitteredMs = ceilingMs / 2 + (random * ceilingMs) / 2
  // Added, not compared: everybody who is told the same moment would come back at it.
  return (failure.retryAfterMs ?? 0) + jitteredMs
}
