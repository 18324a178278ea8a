import { z } from 'zod'
import { Channel, ChannelList } from './channels.ts'
import { type RefusalReason, refusalReasons } from './errors.ts'
import { Audience, ChallengeCode, ChallengeNonce, ClaimId, JobId, RepositoryName, RunAttempt, RunId } from './ids.ts'

/** A public X25519 key (RFC 8037). Unknown members are refused, so a private key sent by mistake is an error, never stored. */
export const SealKey = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('X25519'),
  // 32 bytes are 43 base64url characters, and the last carries 4 bits: only these endings are canonical.
  x: z.string().regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'must be 32 bytes in canonical base64url'),
})
export type SealKey = z.infer<typeof SealKey>

/** Body of `POST /claim` (facts depot A2); `jobID`, `sealTo` and `channels` are ours. Unknown members are ignored for old clients. */
export const ClaimRequest = z.object({
  aud: Audience.optional(),
  eventName: z.string().min(1).max(64),
  repo: RepositoryName,
  runID: RunId,
  attempt: RunAttempt.optional(),
  jobID: JobId.optional(),
  sealTo: SealKey.optional(),
  channels: ChannelList.optional(),
})
export type ClaimRequest = z.infer<typeof ClaimRequest>

export const ClaimAnswer = z.object({
  challengeCode: ChallengeCode,
  exchangeURL: z.url(),
  claimId: ClaimId,
  expiresAt: z.iso.datetime(),
  channels: z.array(Channel),
  /** What the code is made of besides issuer, audience and claim id; lets a claimant check the code before it shows it. */
  nonce: ChallengeNonce,
})
export type ClaimAnswer = z.infer<typeof ClaimAnswer>

/** `GET /claims/{id}`: no secret, no code. */
export const ClaimState = z.object({
  claimId: ClaimId,
  state: z.enum(['pending', 'proven', 'refused']),
  reason: z.enum(refusalReasons).optional(),
  detail: z.string().optional(),
})
export type ClaimState = z.infer<typeof ClaimState>

/** What the workflow and the verifier know of a claim. Plain JSON; holds no secret. */
export interface ClaimSpec {
  readonly claimId: ClaimId
  readonly audience: Audience
  readonly repository: RepositoryName
  readonly runId: RunId
  readonly attempt?: RunAttempt
  readonly jobId?: JobId
  readonly sealKey: SealKey
  /** The claimant brought the key; no ticket exists that opens the token. */
  readonly ownKey: boolean
  readonly challengeCode: ChallengeCode
  readonly nonce: ChallengeNonce
  readonly channels: readonly Channel[]
  readonly claimedAtMs: number
  readonly expiresAtMs: number
}

export type ClaimVerdict =
  | {
      readonly verdict: 'proven'
      readonly tokenId: string
      readonly channel: Channel
      readonly sealedToken: string
      readonly ownKey: boolean
    }
  | { readonly verdict: 'refused'; readonly reason: RefusalReason; readonly detail?: string }
