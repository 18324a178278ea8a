import { z } from 'zod'
import { Channel } from './channels.ts'
import { SealKey } from './claim.ts'
import { refusalReasons } from './errors.ts'
import { Audience, ChallengeCode, ChallengeNonce, ClaimId, JobId, RepositoryName, RunAttempt, RunId } from './ids.ts'
import { limits } from './limits.ts'

/**
 * Input of the workflow `claim`: what it and the verifier know of a claim. Plain JSON; holds no secret.
 */
export const ClaimSpec = z.object({
  claimId: ClaimId,
  audience: Audience,
  repository: RepositoryName,
  runId: RunId,
  attempt: RunAttempt.exactOptional(),
  jobId: JobId.exactOptional(),
  sealKey: SealKey,
  /** The claimant brought the key; no ticket exists that opens the token. */
  ownKey: z.boolean(),
  challengeCode: ChallengeCode,
  nonce: ChallengeNonce,
  channels: z.array(Channel).readonly(),
  claimedAtMs: z.int(),
  expiresAtMs: z.int(),
})
export type ClaimSpec = z.infer<typeof ClaimSpec>

/** A refusal as a value, with a detail that is safe to show. */
const refused = { reason: z.enum(refusalReasons), detail: z.string().exactOptional() }

/** Result of the workflow `claim`. docs/glossary.md: verdict. */
export const ClaimVerdict = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.literal('proven'),
    tokenId: z.string(),
    channel: Channel,
    sealedToken: z.string(),
    ownKey: z.boolean(),
  }),
  z.object({ verdict: z.literal('refused'), ...refused }),
])
export type ClaimVerdict = z.infer<typeof ClaimVerdict>

/** Argument of the activity `mintToken`. */
export const MintRequest = z.object({
  order: ClaimSpec.pick({ claimId: true, audience: true, sealKey: true }),
  attestation: z.string().min(1).max(limits.attestationBytesMax),
})
export type MintRequest = z.infer<typeof MintRequest>
