import { generateKeyPairSync, type webcrypto } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readCertificateRequest } from './certificate-request.ts'
import {
  BasicConstraintsExtension,
  ChallengePasswordAttribute,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from './x509.ts'

type Parameters = Partial<globalThis.Parameters<typeof Pkcs10CertificateRequestGenerator.create>[0]>

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const keysOf = (algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams) =>
  crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const own = await keysOf(p256)

/** DER of a request that is right but for what the parameters change. */
async function request(change: Parameters = {}): Promise<Buffer> {
  const made = await Pkcs10CertificateRequestGenerator.create({ keys: own, signingAlgorithm: p256, ...change })
  return Buffer.from(made.rawData)
}
const pem = (der: Uint8Array, label = 'CERTIFICATE REQUEST', newline = '\n') => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join(newline)
}
/** Some of the bytes changed in place. */
const edited = (der: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(der)
  change(copy)
  return copy
}
const right = await request()
const point = right.indexOf(Buffer.from('03420004', 'hex')) + 4
const otherKey = Buffer.from(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' }),
)
const manyNames = Array.from({ length: 200 }, (_, index) => ({ type: 'dns' as const, value: `name-${index}.example` }))
const withExtension = (extension: NonNullable<Parameters['extensions']>[number]) => request({ extensions: [extension] })
const of = async (der: Promise<Buffer>) => pem(await der)

const readable: [string, string][] = [
  ['an empty subject', pem(right)],
  ['one common name', await of(request({ name: 'CN=build' }))],
  ['a common name of 64 characters', await of(request({ name: [{ CN: ['n'.repeat(64)] }] }))],
  ['a missing last newline', pem(right).trimEnd()],
]

const bad: [string, string, RegExp][] = [
  ['nothing', '', /one PEM block/],
  ['words', 'please', /one PEM block/],
  ['a megabyte', pem(Buffer.alloc(1_000_000)), /4096 characters/],
  [
    'a valid request of more than 4 KiB',
    await of(request({ extensions: [new SubjectAlternativeNameExtension(manyNames)] })),
    /4096/,
  ],
  ['two requests', pem(right) + pem(right), /one PEM block/],
  ['text before the block', `hello\n${pem(right)}`, /nothing around it/],
  ['text behind the block', `${pem(right)}hello`, /nothing around it/],
  ['carriage returns', pem(right, 'CERTIFICATE REQUEST', '\r\n'), /one PEM block/],
  ['the label of a certificate', pem(right, 'CERTIFICATE'), /CERTIFICATE REQUEST/],
  ['the label of a private key', pem(right, 'PRIVATE KEY'), /CERTIFICATE REQUEST/],
  ['an empty block', '-----BEGIN CERTIFICATE REQUEST-----\n\n-----END CERTIFICATE REQUEST-----\n', /anew/],
  ['base64 that decodes but is not canonical', pem(right).replace('\n-----END', '=\n-----END'), /anew/],
  ['random bytes', pem(crypto.getRandomValues(new Uint8Array(300))), /anew/],
  ['a request that was cut off', pem(right.subarray(0, right.length - 10)), /anew/],
  ['bytes behind the request', pem(Buffer.concat([right, Buffer.from([5, 0])])), /anew/],
  ['an indefinite length', pem(edited(right, copy => copy.set([0x30, 0x80], 0))), /anew/],
  ['a public key only', pem(otherKey), /anew/],
  ['an RSA key', await of(rsaRequest(2_048)), /P-256/],
  ['a weak RSA key', await of(rsaRequest(1_024)), /P-256/],
  ['a P-384 key', await of(request({ keys: await keysOf({ name: 'ECDSA', namedCurve: 'P-384' }) })), /P-256/],
  ['a P-521 key', await of(request({ keys: await keysOf({ name: 'ECDSA', namedCurve: 'P-521' }) })), /P-256/],
  ['an Ed25519 key', await of(ed25519Request()), /P-256/],
  ['a point that is not on the curve', pem(edited(right, copy => copy.fill(7, point, point + 32))), /on the curve/],
  ['the point of infinity', pem(edited(right, copy => copy.fill(0, point, point + 64))), /on the curve/],
  [
    'somebody else’s public key',
    pem(edited(right, copy => otherKey.copy(copy, point, otherKey.length - 64))),
    /private key/,
  ],
  [
    'a changed signature',
    pem(edited(right, copy => copy.writeUInt8(copy.readUInt8(right.length - 1) ^ 1, right.length - 1))),
    /private key/,
  ],
  ['a signature with SHA-384', await of(request({ signingAlgorithm: { name: 'ECDSA', hash: 'SHA-384' } })), /SHA-256/],
  ['an organisation', await of(request({ name: 'O=forkproof' })), /subject/],
  ['a common name and an organisation', await of(request({ name: 'CN=a, O=b' })), /subject/],
  ['two common names', await of(request({ name: 'CN=a, CN=b' })), /subject/],
  ['a common name of 65 characters', await of(request({ name: [{ CN: ['n'.repeat(65)] }] })), /64 characters/],
  ['CA:true', await of(withExtension(new BasicConstraintsExtension(true))), /no extensions/],
  ['CA:false', await of(withExtension(new BasicConstraintsExtension(false))), /no extensions/],
  [
    'a DNS name',
    await of(withExtension(new SubjectAlternativeNameExtension([{ type: 'dns', value: 'b.example' }]))),
    /no extensions/,
  ],
  [
    'an IP address',
    await of(withExtension(new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]))),
    /no extensions/,
  ],
  [
    'the usage of a server',
    await of(withExtension(new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]))),
    /no extensions/,
  ],
  [
    'the usage of a client',
    await of(withExtension(new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]))),
    /no extensions/,
  ],
  [
    'the right to sign certificates',
    await of(withExtension(new KeyUsagesExtension(KeyUsageFlags.keyCertSign))),
    /no extensions/,
  ],
  [
    'a challenge password',
    await of(request({ attributes: [new ChallengePasswordAttribute('secret')] })),
    /no attributes/,
  ],
]

async function rsaRequest(modulusLength: number): Promise<Buffer> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const keys = await keysOf({ ...algorithm, modulusLength, publicExponent: new Uint8Array([1, 0, 1]) })
  return request({ keys, signingAlgorithm: algorithm })
}
async function ed25519Request(): Promise<Buffer> {
  const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  return request({ keys, signingAlgorithm: { name: 'Ed25519' } })
}

describe('a certificate request', () => {
  it.each(readable)('with %s is read', async (_what, text) => {
    const key = await readCertificateRequest(text)
    const spki = Buffer.from(await crypto.subtle.exportKey('spki', key))
    expect(spki.equals(Buffer.from(await crypto.subtle.exportKey('spki', own.publicKey)))).toBe(true)
  })

  it.each(bad)('that is or has %s is refused with advice', async (_what, text, advice) => {
    await expect(readCertificateRequest(text)).rejects.toMatchObject({
      code: 'certificate_request_invalid',
      detail: expect.stringMatching(advice),
    })
  })

  it.each([0x01, 0x20, 0x80])('is refused and never crashes, whichever byte of it is changed by %i', async mask => {
    const accepted: number[] = []
    for (let at = 0; at < right.length; at += 1) {
      const text = pem(edited(right, copy => copy.writeUInt8(copy.readUInt8(at) ^ mask, at)))
      await readCertificateRequest(text).then(
        () => accepted.push(at),
        error => expect(error).toMatchObject({ code: 'certificate_request_invalid' }),
      )
    }
    expect(accepted).toEqual([])
  })
})
