import { createHash, type KeyObject } from 'node:crypto'
import { Attestation, attestationType } from '@forkproof/contracts/facts'
import { limits } from '@forkproof/contracts/limits'
import { compactVerify } from 'jose'
import { z } from 'zod'

export interface CheckedAttestation {
  readonly attestation: Attestation
  /** SHA-256 of the compact JWS, hex. */
  readonly sha256: string
  readonly expired: boolean
}

/** Verifies the verifier's signed statement; `undefined` when it is not one. The caller decides about its age. */
export type CheckAttestation = (jws: string, nowMs: number) => Promise<CheckedAttestation | undefined>

const Header = z.strictObject({
  alg: z.literal('EdDSA'),
  typ: z.literal(attestationType),
  kid: z.string().exactOptional(),
})
/** Difference between the clocks of two hosts. */
const clockSkewSeconds = 60

/**
 * `publicKey`: the verifier's Ed25519 key, from configuration and never from the message (RFC 8725 sections 3.1 and
 * 3.10). A statement with a longer lifetime than the verifier gives is refused: it could outlive the record of its
 * token.
 */
export function createAttestationCheck(publicKey: KeyObject): CheckAttestation {
  return async (jws, nowMs) => {
    if (jws.length > limits.attestationBytesMax) return undefined
    const payload = await verified(jws, publicKey)
    const parsed = Attestation.safeParse(payload)
    if (!parsed.success) return undefined
    const nowSeconds = nowMs / 1_000
    const { exp } = parsed.data
    if (exp > nowSeconds + limits.attestationLifetimeSeconds + clockSkewSeconds) return undefined
    const sha256 = createHash('sha256').update(jws).digest('hex')
    return { attestation: parsed.data, sha256, expired: exp <= nowSeconds }
  }
}

async function verified(jws: string, publicKey: KeyObject): Promise<unknown> {
  try {
    const { payload, protectedHeader } = await compactVerify(jws, publicKey, { algorithms: ['EdDSA'] })
    // Exactly our header: no `crit`, no embedded key, no other type.
    if (!Header.safeParse(protectedHeader).success) return undefined
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
}
