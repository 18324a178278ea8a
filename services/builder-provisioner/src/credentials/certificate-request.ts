import { createPublicKey, type KeyObject, verify, type webcrypto } from 'node:crypto'
import { CertificateRequest } from '@forkproof/contracts/builder'
import { AppError } from '@forkproof/contracts/errors'
import { Pkcs10CertificateRequest } from './x509.ts'

const commonNameCharactersMax = 64
/**
 * SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point itself: ecPublicKey, prime256v1, BIT STRING (RFC
 * 5480).
 */
const p256KeyPrefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
/** AlgorithmIdentifier, no parameters (RFC 5758 3.2), and the tag of the signature's BIT STRING. */
const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d04030203', 'hex')
const p256KeyBytes = p256KeyPrefix.length + 64

/**
 * The public key of a PKCS #10 request whose sender has the private key. Nothing else of the request is used.
 * A request that asks for more than a certificate for a P-256 key is refused, so that its sender does not expect more.
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
  const parts = signedParts(new Uint8Array(request.rawData))
  if (!parts) throw invalid('Sign the request with ECDSA and SHA-256.')
  const publicKey = readKey(key)
  if (!verify('sha256', parts.signed, publicKey, parts.signature)) {
    throw invalid('Sign the request with the private key that belongs to it.')
  }
  return publicKey.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
}

function parse(pem: string): Pkcs10CertificateRequest {
  if (!CertificateRequest.safeParse(pem).success) {
    throw invalid('Send one PEM block “CERTIFICATE REQUEST” of at most 4096 characters, with nothing around it.')
  }
  const base64 = pem.replaceAll(/-----[A-Z ]+-----|\n/g, '')
  const der = Buffer.from(base64, 'base64')
  if (der.toString('base64') !== base64 || sequenceBytes(der) !== der.length) throw unreadable()
  try {
    const request = new Pkcs10CertificateRequest(der)
    // These are read lazily by the library: what it cannot read has to show here, as the sender's fault.
    void [request.attributes, request.subjectName.toJSON(), request.publicKey]
    return request
  } catch (cause) {
    throw unreadable(cause)
  }
}

/** Bytes of the DER SEQUENCE at the start, header included; undefined when there is none. */
function sequenceBytes(der: Uint8Array): number | undefined {
  const [tag, first = 0, second = 0, third = 0] = der
  if (tag !== 0x30) return undefined
  if (first < 0x80) return 2 + first
  if (first === 0x81) return 3 + second
  return first === 0x82 ? 4 + second * 256 + third : undefined
}

/**
 * Cut by hand and verified by OpenSSL. The library reads what is outside of the signed part leniently, so one request
 * would have many spellings.
 * Undefined when it is not signed by ECDSA with SHA-256.
 */
function signedParts(der: Uint8Array): { signed: Uint8Array; signature: Uint8Array } | undefined {
  const [, first = 0] = der
  const content = der.subarray(first < 0x80 ? 2 : first - 0x7e)
  const signed = content.subarray(0, sequenceBytes(content))
  const behind = content.subarray(signed.length)
  const signature = behind.subarray(ecdsaWithSha256.length + 2)
  const bitString = [signature.length + 1, 0]
  const expected = Buffer.concat([ecdsaWithSha256, Buffer.from(bitString), signature])
  return expected.equals(behind) ? { signed, signature } : undefined
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

function readKey(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch (cause) {
    throw invalid('Use a key whose point is on the curve.', cause)
  }
}

const unreadable = (cause?: unknown) =>
  invalid('Make the request anew, for example with `openssl req -new`: it is not a readable PKCS #10 request.', cause)

const invalid = (detail: string, cause?: unknown) =>
  new AppError('certificate_request_invalid', { detail, ...(cause !== undefined && { cause }) })
