import { generateKeyPairSync, sign } from 'node:crypto'

export interface BuilderKey {
  /** PKCS #8 PEM; stays on this machine. */
  readonly privateKey: string
  /** PKCS #10 PEM. */
  readonly certificateRequest: string
}

const tag = { integer: 0x02, bitString: 0x03, objectId: 0x06, sequence: 0x30, attributes: 0xa0 } as const
/** 1.2.840.10045.4.3.2 (RFC 5758 section 3.2). */
const ecdsaWithSha256 = Buffer.from('2a8648ce3d040302', 'hex')
const pemLineChars = 64

/**
 * A P-256 key for one builder and the request for its certificate (RFC 2986).
 * The issuer decides name, use and lifetime, so the request has an empty subject and no attributes.
 * That leaves four fixed pieces around the public key, which is less code than a library.
 */
export function newBuilderKey(): BuilderKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' })
  const info = der(tag.sequence, der(tag.integer, Buffer.of(0)), der(tag.sequence), publicKeyInfo, der(tag.attributes))
  const algorithm = der(tag.sequence, der(tag.objectId, ecdsaWithSha256))
  const signature = der(tag.bitString, Buffer.of(0), sign('sha256', info, privateKey))
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificateRequest: pem('CERTIFICATE REQUEST', der(tag.sequence, info, algorithm, signature)),
  }
}

/** Tag, length, content (X.690 section 8.1); lengths here stay below 256. */
function der(type: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length]
  return Buffer.concat([Buffer.from([type, ...length]), content])
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${pemLineChars}}`, 'g')) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
