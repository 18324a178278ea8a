import type { webcrypto } from 'node:crypto'
import type { Clock } from '@forkproof/infra/clock'
import { Secret } from '@forkproof/infra/secret'
import { readCertificateRequest } from './certificate-request.ts'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from './x509.ts'

interface ClientCertificateOptions {
  readonly commonName: string
  readonly endsAtMs: number
  readonly certificateRequest?: string
}

export interface ClientCredentials {
  /** PEM. */
  readonly clientCertificate: string
  /** PKCS #8 PEM; absent when the client brought a certificate request. */
  readonly clientKey?: Secret<string>
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly fingerprint: string
}

/** One per lease, in memory only, so that a certificate of builder A is of no use at builder B. */
export interface BuilderCa {
  /** SNI and the only name in the server's certificate. */
  readonly serverName: string
  readonly caCertificate: string
  readonly serverCertificate: string
  readonly serverKey: Secret<string>
  /** `endsAtMs`: the certificate is not valid after that time. @throws AppError certificate_request_invalid */
  issueClient(input: ClientCertificateOptions): Promise<ClientCredentials>
}

/** `endsAtMs`: no certificate of it is valid after that time. */
export type CreateBuilderCa = (input: { readonly serverName: string; readonly endsAtMs: number }) => Promise<BuilderCa>

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const caName: JsonName = [{ CN: ['forkproof builder CA'] }]
/** Clients' clocks are behind by minutes at times. */
const notBeforeSkewMs = 300_000
const serialBytes = 16

interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}
interface Authority {
  readonly keys: webcrypto.CryptoKeyPair
  readonly validity: Validity
}

/** Authorities for builders, each with a key that exists in this process only and cannot be exported from it. */
export const builderAuthorities =
  (clock: Clock): CreateBuilderCa =>
  async ({ serverName, endsAtMs }) => {
    const validity = { notBefore: new Date(clock.now() - notBeforeSkewMs), notAfter: wholeSecond(endsAtMs) }
    const authority: Authority = { keys: await generateKeys(false), validity }
    const [root, server] = await Promise.all([selfSigned(authority), serverCertificate(authority, serverName)])
    return {
      serverName,
      caCertificate: pemOf(root),
      serverCertificate: pemOf(server.certificate),
      serverKey: server.key,
      issueClient: input => issueClient(authority, input),
    }
  }

/** Down to the second, which is as fine as certificates are: never longer than what they are for. */
const wholeSecond = (ms: number): Date => new Date(Math.floor(ms / 1_000) * 1_000)

async function selfSigned({ keys, validity }: Authority): Promise<X509Certificate> {
  return X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: caName,
    keys,
    serialNumber: randomSerial(),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
}

async function serverCertificate(authority: Authority, serverName: string) {
  const keys = await generateKeys(true)
  const certificate = await sign(
    authority,
    keys.publicKey,
    [{ CN: ['forkproof builder'] }],
    [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: serverName }]),
    ],
  )
  return { certificate, key: await privateKeyPem(keys.privateKey) }
}

async function issueClient(
  authority: Authority,
  { certificateRequest, commonName, endsAtMs }: ClientCertificateOptions,
): Promise<ClientCredentials> {
  const own = certificateRequest === undefined ? await generateKeys(true) : undefined
  const publicKey = own?.publicKey ?? (await readCertificateRequest(certificateRequest ?? ''))
  const usage = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])
  const { keys, validity } = authority
  const notAfter = new Date(Math.min(wholeSecond(endsAtMs).getTime(), validity.notAfter.getTime()))
  const lease: Authority = { keys, validity: { ...validity, notAfter } }
  const certificate = await sign(lease, publicKey, [{ CN: [commonName] }], [usage])
  const fingerprint = Buffer.from(await certificate.getThumbprint('SHA-256')).toString('hex')
  const clientKey = own && (await privateKeyPem(own.privateKey))
  return { clientCertificate: pemOf(certificate), fingerprint, ...(clientKey && { clientKey }) }
}

async function sign(
  { keys, validity }: Authority,
  publicKey: webcrypto.CryptoKey,
  subject: JsonName,
  more: readonly Extension[],
): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    ...validity,
    subject,
    issuer: caName,
    publicKey,
    signingKey: keys.privateKey,
    serialNumber: randomSerial(),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      await AuthorityKeyIdentifierExtension.create(keys.publicKey),
      await SubjectKeyIdentifierExtension.create(publicKey),
      ...more,
    ],
  })
}

const generateKeys = (extractable: boolean): Promise<webcrypto.CryptoKeyPair> =>
  crypto.subtle.generateKey(algorithm, extractable, ['sign', 'verify'])

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<Secret<string>> {
  const base64 = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return new Secret(
    `-----BEGIN PRIVATE KEY-----\n${base64.replaceAll(/.{64}(?!$)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
  )
}

const pemOf = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`

/** Positive and of full length: RFC 5280 4.1.2.2. */
function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(serialBytes))
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return Buffer.from(bytes).toString('hex')
}
