import type { KeyObject } from 'node:crypto'
import type { KeyId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { CompactSign } from 'jose'

export interface TokenSigner {
  readonly keyId: KeyId
  /** Compact JWS over exactly this text. RS256 is deterministic: the same text gives the same token. */
  sign(claims: string): Promise<Secret<string>>
}

/** RS256 (RFC 7518 section 3.3). `jose` imports the key once. */
export function createTokenSigner(key: { readonly keyId: KeyId; readonly privateKey: Secret<KeyObject> }): TokenSigner {
  const header = { alg: 'RS256', typ: 'JWT', kid: key.keyId }
  const encoder = new TextEncoder()
  return {
    keyId: key.keyId,
    sign: async claims => {
      const jws = new CompactSign(encoder.encode(claims)).setProtectedHeader(header)
      return new Secret(await jws.sign(key.privateKey.reveal()))
    },
  }
}
