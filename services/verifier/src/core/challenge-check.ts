import { challengeCode } from '@forkproof/contracts/challenge'
import type { ClaimSpec } from '@forkproof/contracts/claim'
import type { Issuer } from '@forkproof/contracts/ids'
import { claimIdOf } from '@forkproof/infra/seal'

/**
 * Does the order hang together: is the claim's id the thumbprint of the key the token will be sealed to, and the code the one for this
 * issuer, audience and claim? So a broken gateway can neither relay a foreign code nor swap the key.
 */
export async function orderIsConsistent(order: ClaimSpec, issuer: Issuer): Promise<boolean> {
  const { audience, claimId, nonce } = order
  if ((await claimIdOf(order.sealKey)) !== claimId) return false
  return (await challengeCode({ issuer, audience, claimId, nonce })) === order.challengeCode
}
