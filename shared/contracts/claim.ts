import { z } from 'zod'
import { Channel, ChannelList } from './channels.ts'
import { refusalReasons } from './errors.ts'
import { Audience, ChallengeCode, ChallengeNonce, ClaimId, JobId, RepositoryName, RunAttempt, RunId } from './ids.ts'

/**
 * A public X25519 key (RFC 8037). Unknown members are refused, so that a private key sent by mistake is an error and
 * never stored. docs/glossary.md: seal key.
 */
export const SealKey = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('X25519'),
  // 32 bytes are 43 base64url characters, and the last carries 4 bits: only these endings are canonical.
  x: z.string().regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'must be 32 bytes in canonical base64url'),
})
export type SealKey = z.infer<typeof SealKey>

/**
 * Body of `POST /claim` (docs/facts/depot.md#claim-contract); `jobID`, `sealTo` and `channels` are ours. Unknown
 * members are ignored, because old clients send some. docs/glossary.md: claim.
 */
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
  /**
   * What the code is made of besides issuer, audience and claim id; lets a claimant check the code before it shows it.
   */
  nonce: ChallengeNonce,
})
export type ClaimAnswer = z.infer<typeof ClaimAnswer>

/** Answer to `GET /claims/{id}`: no secret, no code. */
export const ClaimState = z.object({
  claimId: ClaimId,
  state: z.enum(['pending', 'proven', 'refused']),
  reason: z.enum(refusalReasons).optional(),
  detail: z.string().optional(),
})
export type ClaimState = z.infer<typeof ClaimState>
