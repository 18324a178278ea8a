import type { webcrypto } from 'node:crypto'
import { CertificateRequest } from '@forkproof/contracts/build'
import { AppError } from '@forkproof/contracts/errors'
import { Pkcs10CertificateRequest } from './x509.ts'

const commonNameCharactersMax = 64
/** SubjectPublicKeyInfo of an uncompressed P-256 point up to the point itself: ecPublicKey, prime256v1, BIT STRING (RFC 5480). */
const p256KeyPrefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
const p256KeyBytes = p256KeyPrefix.length + 64

/**
 * The public key of a PKCS #10 request whose sender has the private key. Nothing else of it is used, and a request that asks for more
 * than a certificate for a P-256 key is refused, so that nobody believes to have got it.
 * @throws AppError certificate_request_invalid; its detail says what to change
 */
export async function readCertificateRequest(pem: string): Promise<webcrypto.CryptoKey> {
  const request = parse(pem)
  const key = Buffer.from(request.publicKey.rawData)
  if (key.length !== p256KeyBytes || !key.subarray(0, p256KeyPrefix.length).equals(p256KeyPrefix)) {
    throw invalid('Use an ECDSA key on P-256 (prime256v1), with its point uncompressed.')
  }
  checkSubject(request)
  if (request.attributes.length > 0) {
    throw invalid('Ask for no extensions and no attributes: names, usages and lifetime are decided here.')
  }
  const signature: Partial<webcrypto.EcdsaParams> = request.signatureAlgorithm
  if (signature.name !== 'ECDSA' || !isSha256(signature.hash)) throw invalid('Sign the request with ECDSA and SHA-256.')
  if (!(await hasProof(request))) throw invalid('Sign the request with the private key that belongs to it.')
  return importKey(key)
}

function parse(pem: string): Pkcs10CertificateRequest {
  if (!CertificateRequest.safeParse(pem).success) {
    throw invalid('Send one PEM block “CERTIFICATE REQUEST” of at most 4096 characters, with nothing around it.')
  }
  const base64 = pem.replaceAll(/-----[A-Z ]+-----|\n/g, '')
  const der = Buffer.from(base64, 'base64')
  if (der.toString('base64') !== base64 || !isOneSequence(der)) throw unreadable()
  try {
    const request = new Pkcs10CertificateRequest(der)
    // Both are read lazily by the library: what it cannot read has to show here, as the sender's fault.
    void [request.attributes, request.signatureAlgorithm, request.subjectName.toJSON(), request.publicKey]
    return request
  } catch (cause) {
    throw unreadable(cause)
  }
}

/** One DER SEQUENCE with nothing behind it: what was signed is all that there is. */
function isOneSequence(der: Buffer): boolean {
  const [tag, first = 0, second = 0, third = 0] = der
  if (tag !== 0x30) return false
  if (first < 0x80) return der.length === 2 + first
  return first === 0x81 ? der.length === 3 + second : first === 0x82 && der.length === 4 + second * 256 + third
}

function checkSubject(request: Pkcs10CertificateRequest): void {
  const parts = request.subjectName.toJSON()
  const values = parts.flatMap(part => Object.entries(part).flatMap(([type, list]) => list.map(value => [type, value])))
  if (values.length === 0) return
  const [type, value = ''] = values[0] ?? []
  if (values.length > 1 || type !== 'CN' || value.length > commonNameCharactersMax) {
    throw invalid(`Leave the subject empty, or give one CN of at most ${commonNameCharactersMax} characters.`)
  }
}

async function hasProof(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify()
  } catch {
    // Points off the curve and signatures of a wrong shape are thrown by the library instead of answered.
    return false
  }
}

async function importKey(spki: Uint8Array<ArrayBuffer>): Promise<webcrypto.CryptoKey> {
  try {
    return await crypto.subtle.importKey('spki', spki, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
  } catch (cause) {
    throw unreadable(cause)
  }
}

const isSha256 = (hash: webcrypto.EcdsaParams['hash'] | undefined): boolean =>
  (typeof hash === 'string' ? hash : hash?.name) === 'SHA-256'

const unreadable = (cause?: unknown) =>
  invalid('Make the request anew, for example with `openssl req -new`: it is not a readable PKCS #10 request.', cause)

const invalid = (detail: string, cause?: unknown) =>
  new AppError('certificate_request_invalid', { detail, ...(cause !== undefined && { cause }) })
