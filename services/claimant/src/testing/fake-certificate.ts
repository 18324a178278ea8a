import 'reflect-metadata'
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const lifetimeMs = 3_600_000

/** PEM texts. */
interface FakeCertificate {
  readonly key: string
  readonly cert: string
}

/** A server's certificate that signs itself, so that whoever trusts it knows its authority. */
export async function fakeCertificate(host: string): Promise<FakeCertificate> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${host}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 1_000),
    notAfter: new Date(Date.now() + lifetimeMs),
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: host }])],
  })
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`,
  }
}
