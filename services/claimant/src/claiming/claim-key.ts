import { SealKey } from '@forkproof/contracts/claim'
import { ClaimId } from '@forkproof/contracts/ids'
import { type CryptoKey, calculateJwkThumbprint, compactDecrypt, exportJWK, generateKeyPair, importJWK } from 'jose'
import { z } from 'zod'

/**
 * The claim's own key (docs/architecture.md#a-claim-from-start-to-token). Its public half travels as `sealTo`, its
 * thumbprint (RFC 7638) is the claim's id, and only its private half opens the answer. One key serves one claim.
 */
export interface ClaimKey {
  readonly sealTo: SealKey
  readonly claimId: ClaimId
  readonly privateKey: CryptoKey
}

/** A private X25519 key as a JWK (RFC 8037). It is stored only in the state file between two steps. */
export const PrivateClaimKey = z.strictObject({ ...SealKey.shape, d: z.string().regex(/^[A-Za-z0-9_-]{43}$/) })
export type PrivateClaimKey = z.infer<typeof PrivateClaimKey>

export async function newClaimKey(): Promise<ClaimKey> {
  const { privateKey } = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true })
  return claimKeyFrom(privateKey)
}

export async function exportClaimKey(key: ClaimKey): Promise<PrivateClaimKey> {
  return PrivateClaimKey.parse(await exportJWK(key.privateKey))
}

export async function importClaimKey(jwk: PrivateClaimKey): Promise<ClaimKey> {
  const key = await importJWK(jwk, 'ECDH-ES', { extractable: true })
  if (key instanceof Uint8Array) throw new TypeError('not a private key')
  return claimKeyFrom(key)
}

/** Opens a compact JWE (RFC 7516). Accepts only the algorithms that the signer uses. @throws jose errors */
export async function openSealed(sealed: string, key: ClaimKey): Promise<string> {
  const { plaintext } = await compactDecrypt(sealed, key.privateKey, {
    keyManagementAlgorithms: ['ECDH-ES'],
    contentEncryptionAlgorithms: ['A256GCM'],
  })
  return new TextDecoder().decode(plaintext)
}

async function claimKeyFrom(privateKey: CryptoKey): Promise<ClaimKey> {
  const { kty, crv, x } = await exportJWK(privateKey)
  const sealTo = SealKey.parse({ kty, crv, x })
  return { sealTo, claimId: ClaimId.parse(await calculateJwkThumbprint(sealTo, 'sha256')), privateKey }
}
