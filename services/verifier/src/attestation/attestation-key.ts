import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Secret } from '@forkproof/infra/secret'
import { calculateJwkThumbprint } from 'jose'

export interface AttestationKey {
  readonly privateKey: KeyObject
  /** RFC 7638 thumbprint of the public half. */
  readonly keyId: string
}

/** Reads PKCS #8 PEM or a JWK. @throws Error that says what is wrong without quoting the key */
export async function readAttestationKey(text: Secret): Promise<AttestationKey> {
  const privateKey = parse(text)
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('the attestation key is not an Ed25519 key')
  const { kty, crv, x } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (kty !== 'OKP' || crv === undefined || x === undefined) throw new Error('the attestation key has no public half')
  return { privateKey, keyId: await calculateJwkThumbprint({ kty, crv, x }) }
}

function parse(text: Secret): KeyObject {
  const given = text.reveal().trim()
  try {
    if (!given.startsWith('{')) return createPrivateKey(given.replaceAll('\\n', '\n'))
    const key: JsonWebKey = JSON.parse(given)
    return createPrivateKey({ key, format: 'jwk' })
  } catch {
    // The parser's message may quote its input.
    throw new Error('the attestation key is neither a PKCS #8 PEM nor a private JWK')
  }
}
