import type { KeyObject } from 'node:crypto'
import type { KeyId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { CompactSign } from 'jose'

export interface TokenSigner {
  readonly keyId: KeyId
  /** Compact JWS over exactly this text. RS256 is deterministic: the same text gives the same token. */
  sign(claims: string): Promise<Secret<string>>
}

const encoder = new TextEncoder()

/** Keeps the imported key: importing costs about as much as signing. */
export async function createTokenSigner(key: {
  readonly keyId: KeyId
  readonly privateKey: Secret<KeyObject>
}): Promise<TokenSigner> {
  const header = { alg: 'RS256', typ: 'JWT', kid: key.keyId } as const
  // jose would convert a KeyObject on each use; a CryptoKey is used as it is, and here it cannot be exported again.
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const privateKey = key.privateKey.reveal().toCryptoKey(algorithm, false, ['sign'])
  return {
    keyId: key.keyId,
    sign: async claims =>
      new Secret(await new CompactSign(encoder.encode(claims)).setProtectedHeader(header).sign(privateKey)),
  }
}
