import type { ClaimState } from '@forkproof/contracts/claim'
import { AppError } from '@forkproof/contracts/errors'
import type { ClaimId } from '@forkproof/contracts/ids'
import type { Claims } from './ports.ts'

const fetchTimeoutMs = 3_000

/** What anybody may know of a claim. @throws AppError claim_not_found */
export function createClaimState(claims: Claims): (claimId: ClaimId) => Promise<ClaimState> {
  return async claimId => {
    const record = await claims.record(claimId)
    if (!record) throw new AppError('claim_not_found')
    if (record.status === 'running') return { claimId, state: 'pending' }
    const verdict =
      record.status === 'failed' ? 'failed' : await claims.verdict(claimId, AbortSignal.timeout(fetchTimeoutMs))
    if (verdict === 'failed') return { claimId, state: 'refused', reason: 'claim_expired' }
    if (verdict.verdict === 'proven') return { claimId, state: 'proven' }
    const detail = verdict.detail === undefined ? {} : { detail: verdict.detail }
    return { claimId, state: 'refused', reason: verdict.reason, ...detail }
  }
}
