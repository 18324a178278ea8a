import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { KeyId } from '@forkproof/contracts/ids'
import { PublicSigningKey } from '@forkproof/contracts/jwks'
import { Secret } from '@forkproof/infra/secret'
import { calculateJwkThumbprint } from 'jose'
import type { KeyEncryption } from './key-encryption.ts'
import type { KeyRecord, NewKey } from './key-record.ts'

const generate = promisify(generateKeyPair)
/** The size that every relying party takes (docs/facts/oidc.md#algorithms). */
const modulusBits = 2_048

export interface SigningKeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** A fresh RSA key; takes some 100 ms of one core. */
export const generateSigningKey = (): Promise<SigningKeyPair> => generate('rsa', { modulusLength: modulusBits })

/**
 * Encrypts the private half.
 * @throws Error when the pair is not RSA with the usual exponent
 */
export async function sealSigningKey(
  { privateKey, publicKey }: SigningKeyPair,
  encryption: KeyEncryption,
): Promise<NewKey> {
  const { keyId, n } = await publicPartOf(publicKey)
  const der = privateKey.export({ type: 'pkcs8', format: 'der' })
  return { keyId, n, sealedPrivateKey: await encryption.encrypt(new Secret(new Uint8Array(der))) }
}

/**
 * Decrypts and imports one private key.
 * @throws Error when it does not belong to the key's id: a swapped entry would sign under a wrong `kid`
 */
export async function openSigningKey(key: KeyRecord, encryption: KeyEncryption): Promise<Secret<KeyObject>> {
  if (key.sealedPrivateKey === undefined) throw new Error('the key has no private half any more')
  const der = Buffer.from(await encryption.decrypt(key.sealedPrivateKey))
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  const { keyId, n } = await publicPartOf(createPublicKey(privateKey))
  if (keyId !== key.keyId || n !== key.n) throw new Error('a stored private key does not belong to its key id')
  return new Secret(privateKey)
}

/** The published form. The strict schema lets no private member through. */
export const publicSigningKey = (key: KeyRecord): PublicSigningKey =>
  PublicSigningKey.parse({ kty: 'RSA', alg: 'RS256', use: 'sig', kid: key.keyId, n: key.n, e: 'AQAB' })

async function publicPartOf(publicKey: KeyObject): Promise<{ keyId: KeyId; n: string }> {
  const { n, e } = publicKey.export({ format: 'jwk' })
  if (publicKey.asymmetricKeyType !== 'rsa' || n === undefined || e !== 'AQAB')
    throw new Error('not an RSA signing key')
  return { keyId: KeyId.parse(await calculateJwkThumbprint({ kty: 'RSA', n, e }, 'sha256')), n }
}
