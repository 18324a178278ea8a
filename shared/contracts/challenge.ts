import {
  type Audience,
  ChallengeCode,
  type ChallengeNonce,
  type ClaimId,
  challengeCodePrefix,
  type Issuer,
} from './ids.ts'

/**
 * The sentence that clients print once a second. The channels `log` and `job-log` look for exactly this line
 * (docs/facts/depot.md#claim-contract). docs/glossary.md: challenge code.
 */
export const challengeSentence = (code: ChallengeCode): string => `Waiting for OIDC auth challenge ${code}`

/** The whole name of a step that proves, channel `step-name`. */
export const challengeStepName = (code: ChallengeCode): string => `proof ${code}`

/**
 * The code commits to the issuer, the audience and the claimant's key. Shown in a run, it is worthless for any other of
 * them, and whoever has the inputs can check it. SHA-256 over labelled, length-delimited parts, so that no two inputs
 * read the same.
 */
export async function challengeCode(parts: {
  issuer: Issuer
  audience: Audience
  claimId: ClaimId
  nonce: ChallengeNonce
}): Promise<ChallengeCode> {
  const text = JSON.stringify(['forkproof challenge v1', parts.issuer, parts.audience, parts.claimId, parts.nonce])
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const hex = Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('')
  return ChallengeCode.parse(challengeCodePrefix + hex)
}
