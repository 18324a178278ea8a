import { createHash, createSecretKey } from 'node:crypto'
import type { Secret } from '@forkproof/infra/secret'
import { CompactEncrypt, compactDecrypt } from 'jose'

/** Encrypts private keys at rest: compact JWE with `dir` and A256GCM (RFC 7518 sections 4.5 and 5.3). */
export interface KeyEncryption {
  encrypt(plaintext: Secret<Uint8Array>): Promise<string>
  /** @throws Error when neither the current nor the previous key opens it */
  decrypt(sealed: string): Promise<Uint8Array>
  /** Whether the current key made it, and not the previous one. */
  isCurrent(sealed: string): boolean
}

const header = { alg: 'dir', enc: 'A256GCM' } as const

/** `current` and `previous`: 32 bytes in base64url. What the previous one encrypted is encrypted again at start. */
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
  // Identifies a key without revealing anything about it: the input is 256 random bits.
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
