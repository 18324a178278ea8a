import { createPrivateKey, createPublicKey, hkdfSync, randomBytes } from 'node:crypto'
import { SealKey } from '@forkproof/contracts/claim'
import { ClaimId, Ticket } from '@forkproof/contracts/ids'
import { CompactEncrypt, calculateJwkThumbprint, compactDecrypt, importJWK } from 'jose'
import { Secret } from './secret.ts'

/**
 * The ticket is a key (design section 4): 256 random bits, from which HKDF (RFC 5869) derives an X25519 key pair. Who has the ticket opens
 * what is sealed to the public key, and nobody stores or compares anything.
 */
const algorithm = 'ECDH-ES'
const encryption = 'A256GCM'
const info = 'forkproof ticket v1'
// PKCS #8 header of an X25519 private key (RFC 8410 section 7); the 32 raw bytes follow.
const pkcs8Header = Buffer.from('302e020100300506032b656e04220420', 'hex')

export const newTicket = (): Secret<Ticket> => new Secret(Ticket.parse(`fpt_${randomBytes(32).toString('base64url')}`))

/** The public key that belongs to a ticket; safe to hand on. */
export function ticketSealKey(ticket: Secret<Ticket>): SealKey {
  const jwk = createPublicKey(ticketPrivateKey(ticket)).export({ format: 'jwk' })
  return SealKey.parse({ kty: 'OKP', crv: 'X25519', x: jwk.x })
}

/** RFC 7638 thumbprint. */
export const claimIdOf = async (key: SealKey): Promise<ClaimId> =>
  ClaimId.parse(await calculateJwkThumbprint(key, 'sha256'))

/** Compact JWE, ECDH-ES and A256GCM (RFC 7518 sections 4.6 and 5.3). */
export async function seal(plaintext: Secret<string>, to: SealKey): Promise<string> {
  const bytes = new TextEncoder().encode(plaintext.reveal())
  return new CompactEncrypt(bytes)
    .setProtectedHeader({ alg: algorithm, enc: encryption, cty: 'JWT' })
    .encrypt(await importJWK(to, algorithm))
}

/** @throws JWEDecryptionFailed (and other jose errors) when the ticket does not fit */
export async function openWithTicket(sealed: string, ticket: Secret<Ticket>): Promise<Secret<string>> {
  const { plaintext } = await compactDecrypt(sealed, ticketPrivateKey(ticket), {
    keyManagementAlgorithms: [algorithm],
    contentEncryptionAlgorithms: [encryption],
  })
  return new Secret(new TextDecoder().decode(plaintext))
}

function ticketPrivateKey(ticket: Secret<Ticket>) {
  const secret = Buffer.from(ticket.reveal().slice('fpt_'.length), 'base64url')
  const raw = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), info, 32))
  return createPrivateKey({ key: Buffer.concat([pkcs8Header, raw]), format: 'der', type: 'pkcs8' })
}
