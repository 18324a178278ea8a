import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import type { SealKey } from '@forkproof/contracts/claim'

const probe = generateKeyPairSync('x25519').privateKey

/**
 * Can something be sealed to this key? A point of low order makes every shared secret zero (RFC 7748 section 6.1);
 * OpenSSL refuses that, and the signer would find out only after the proof.
 */
export function isUsableKey(key: SealKey): boolean {
  try {
    diffieHellman({ privateKey: probe, publicKey: createPublicKey({ key, format: 'jwk' }) })
    return true
  } catch {
    return false
  }
}
