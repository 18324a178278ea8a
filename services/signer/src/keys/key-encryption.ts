import { createHash, createSecretKey } from 'node:crypto'
import type { Secret } from '@forkproof/infra/secret'
import { CompactEncrypt, compactDecrypt } from 'jose'

/** Encrypts private keys at rest: compact JWE, direct use of a 256-bit key with AES-GCM (RFC 7518 sections 4.5 and 5.3). */
export interface KeyEncryption {
  encrypt(plaintext: Secret<Uint8Array>): Promise<string>
  /** @throws Error when neither the current nor the previous key opens it */
  decrypt(sealed: string): Promise<Uint8Array>
  /** Made with the current key, not with the previous one. */
  isCurrent(sealed: string): boolean
}

const header = { alg: 'dir', enc: 'A256GCM' } as const

/** `current` and `previous`: 32 bytes in base64url. With both given, what the previous one made can be read and is made anew at start. */
export function createKeyEncryption(keys: {
  readonly current: Secret<string>
  readonly previous?: Secret<string> | undefined
}): KeyEncryption {
  const current = load(keys.current)
  const previous = keys.previous && load(keys.previous)
  return {
    encrypt: plaintext =>
      new CompactEncrypt(plaintext.reveal()).setProtectedHeader({ ...header, kid: current.kid }).encrypt(current.key),
    decrypt: async sealed => {
      const fitting = [current, previous].find(candidate => candidate?.kid === kidOf(sealed))
      if (!fitting)
        throw new Error('a stored signing key is encrypted under a key-encryption key that is not configured')
      const { plaintext } = await compactDecrypt(sealed, fitting.key, {
        keyManagementAlgorithms: [header.alg],
        contentEncryptionAlgorithms: [header.enc],
      })
      return plaintext
    },
    isCurrent: sealed => kidOf(sealed) === current.kid,
  }
}

function load(encoded: Secret<string>) {
  const bytes = Buffer.from(encoded.reveal(), 'base64url')
  // Tells two keys apart without telling anything about them: the input is 256 random bits.
  const kid = createHash('sha256')
    .update('forkproof key-encryption key\0')
    .update(bytes)
    .digest('base64url')
    .slice(0, 16)
  return { kid, key: createSecretKey(bytes) }
}

function kidOf(sealed: string): string | undefined {
  const [encodedHeader = ''] = sealed.split('.', 1)
  try {
    const parsed: unknown = JSON.parse(Buffer.from(encodedHeader, 'base64url').toString('utf8'))
    return typeof parsed === 'object' && parsed && 'kid' in parsed ? String(parsed.kid) : undefined
  } catch {
    return undefined
  }
}
