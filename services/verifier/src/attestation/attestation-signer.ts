import { Attestation, attestationType } from '@forkproof/contracts/facts'
import { limits } from '@forkproof/contracts/limits'
import type { Clock } from '@forkproof/infra/clock'
import { CompactSign } from 'jose'
import { isVerified, type VerifiedRun } from '../core/verify-run.ts'
import type { AttestationKey } from './attestation-key.ts'

/** Compact JWS, EdDSA (RFC 8037), of the contract's `Attestation`. */
export type SignAttestation = (run: VerifiedRun) => Promise<string>

/** Signs only what `verifyRun` made, and no value that was cast to the type. */
export function createAttestationSigner(key: AttestationKey, clock: Clock): SignAttestation {
  return async run => {
    if (!isVerified(run)) throw new Error('only a run that was verified here can be attested')
    const payload = Attestation.parse({
      claimId: run.claimId,
      audience: run.audience,
      facts: run.facts,
      channel: run.channel,
      seenAt: Math.floor(run.seenAtMs / 1_000),
      exp: Math.floor(clock.now() / 1_000) + limits.attestationLifetimeSeconds,
    })
    const jws = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
      .setProtectedHeader({ alg: 'EdDSA', typ: attestationType, kid: key.keyId })
      .sign(key.privateKey)
    if (jws.length > limits.attestationBytesMax) throw new Error('the attestation is larger than the contract allows')
    return jws
  }
}
