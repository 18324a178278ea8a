import type { ClaimSpec, MintRequest } from '@forkproof/contracts/claim-spec'
import type { RefusalReason } from '@forkproof/contracts/errors'
import type { ForkproofEvent } from '@forkproof/contracts/events'

export type WatchOutcome =
  | { readonly outcome: 'proven' }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason; readonly detail?: string }

/** Task queue `github`, served by the verifier. */
export interface GithubActivities {
  /**
   * Checks the run, then looks until the code is seen or the claim's time is over, heartbeating. On a sighting it reads
   * the run again, signs the attestation, signals `proofSeen` and returns `proven`. Safe to run again after a crash: a
   * second signal is ignored.
   */
  watchForProof(spec: ClaimSpec): Promise<WatchOutcome>
}

export type MintOutcome =
  | { readonly outcome: 'minted'; readonly tokenId: string; readonly sealedToken: string }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason }

/** Task queue `signing`, served by the signer. */
export interface SigningActivities {
  /** Idempotent per claim: a repeat returns the same token id and the same token, sealed anew. */
  mintToken(request: MintRequest): Promise<MintOutcome>
}

/** Local activities of the orchestrator. */
export interface EventActivities {
  /** Stored in the stream when it resolves; doubles are dropped by event id. */
  publishEvent(event: ForkproofEvent): Promise<void>
}
