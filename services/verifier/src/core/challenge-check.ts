import { challengeCode } from '@forkproof/contracts/challenge'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import type { Issuer } from '@forkproof/contracts/ids'
import { claimIdOf } from '@forkproof/infra/seal'

/**
 * Checks that the claim's id is the thumbprint of the key that the token will be sealed to, and that the code is the
 * one for this issuer, audience and claim. So a broken gateway can neither relay a foreign code nor swap the key.
 */
export async function specIsConsistent(spec: ClaimSpec, issuer: Issuer): Promise<boolean> {
  const { audience, claimId, nonce } = spec
  if ((await claimIdOf(spec.sealKey)) !== claimId) return false
  return (await challengeCode({ issuer, audience, claimId, nonce })) === spec.challengeCode
}
