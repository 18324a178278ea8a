import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { SealKey } from '@forkproof/contracts/claim'
import { BuildId, BuildToken, ClaimId, Ticket } from '@forkproof/contracts/ids'
import { CompactEncrypt, calculateJwkThumbprint, compactDecrypt, importJWK } from 'jose'
import { Secret } from './secret.ts'

/**
 * The ticket is a key (docs/architecture.md#a-claim-from-start-to-token): 256 random bits, from which HKDF (RFC 5869)
 * derives an X25519 key pair. Whoever has the ticket opens what is sealed to the public key, and nothing is stored or
 * compared.
 */
const algorithm = 'ECDH-ES'
const encryption = 'A256GCM'
const ticketInfo = 'forkproof ticket v1'
const buildTokenInfo = 'forkproof build token v1'
// PKCS #8 header of an X25519 private key (RFC 8410 section 7); the 32 raw bytes follow.
const pkcs8Header = Buffer.from('302e020100300506032b656e04220420', 'hex')

export const newTicket = (): Secret<Ticket> => new Secret(Ticket.parse(`fpt_${randomBytes(32).toString('base64url')}`))
/** A build token is the same construction under another label: no ticket opens what is sealed to a build. */
export const newBuildToken = (): Secret<BuildToken> =>
  new Secret(BuildToken.parse(`fpb_${randomBytes(32).toString('base64url')}`))

/** The public key that belongs to a ticket; safe to hand on. */
export const ticketSealKey = (ticket: Secret<Ticket>): SealKey => publicOf(derived(ticket, ticketInfo))
export const buildTokenSealKey = (token: Secret<BuildToken>): SealKey => publicOf(derived(token, buildTokenInfo))

/** RFC 7638 thumbprint. */
export const claimIdOf = async (key: SealKey): Promise<ClaimId> =>
  ClaimId.parse(await calculateJwkThumbprint(key, 'sha256'))
export const buildIdOf = async (key: SealKey): Promise<BuildId> =>
  BuildId.parse(await calculateJwkThumbprint(key, 'sha256'))

/**
 * Compact JWE, ECDH-ES and A256GCM (RFC 7518 sections 4.6 and 5.3). `contentType` says what is inside; an ID token when
 * left out.
 */
export async function seal(plaintext: Secret<string>, to: SealKey, contentType = 'JWT'): Promise<string> {
  const bytes = new TextEncoder().encode(plaintext.reveal())
  return new CompactEncrypt(bytes)
    .setProtectedHeader({ alg: algorithm, enc: encryption, cty: contentType })
    .encrypt(await importJWK(to, algorithm))
}

/** @throws JWEDecryptionFailed (and other jose errors) when the ticket does not fit */
export const openWithTicket = (sealed: string, ticket: Secret<Ticket>): Promise<Secret<string>> =>
  open(sealed, derived(ticket, ticketInfo))
/** @throws JWEDecryptionFailed (and other jose errors) when the token does not fit */
export const openWithBuildToken = (sealed: string, token: Secret<BuildToken>): Promise<Secret<string>> =>
  open(sealed, derived(token, buildTokenInfo))

async function open(sealed: string, privateKey: KeyObject): Promise<Secret<string>> {
  const { plaintext } = await compactDecrypt(sealed, privateKey, {
    keyManagementAlgorithms: [algorithm],
    contentEncryptionAlgorithms: [encryption],
  })
  return new Secret(new TextDecoder().decode(plaintext))
}

function publicOf(privateKey: KeyObject): SealKey {
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  return SealKey.parse({ kty: 'OKP', crv: 'X25519', x: jwk.x })
}

/** Both kinds of secret: four characters of prefix, then 32 bytes in base64url. */
function derived(secret: Secret<Ticket> | Secret<BuildToken>, info: string): KeyObject {
  const bytes = Buffer.from(secret.reveal().slice('fpt_'.length), 'base64url')
  const raw = Buffer.from(hkdfSync('sha256', bytes, Buffer.alloc(0), info, 32))
  return createPrivateKey({ key: Buffer.concat([pkcs8Header, raw]), format: 'der', type: 'pkcs8' })
}
