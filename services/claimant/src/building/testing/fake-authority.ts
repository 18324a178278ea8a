import 'reflect-metadata'
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Pkcs10CertificateRequest,
  type PublicKey,
  X509CertificateGenerator,
} from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const lifetimeMs = 3_600_000

/** A builder's own certificate authority. */
export interface FakeAuthority {
  readonly caCertificate: string
  /** @throws when the request does not verify */
  sign(request: string): Promise<string>
}

export async function fakeAuthority(): Promise<FakeAuthority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const validity = { notBefore: new Date(Date.now() - 1_000), notAfter: new Date(Date.now() + lifetimeMs) }
  const issuer = 'CN=builder'
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: issuer,
    keys,
    signingAlgorithm: algorithm,
    ...validity,
  })
  const issue = (publicKey: PublicKey) =>
    X509CertificateGenerator.create({
      subject: 'CN=client',
      issuer,
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
      ...validity,
    })
  return {
    caCertificate: `${ca.toString('pem')}\n`,
    async sign(request) {
      const parsed = new Pkcs10CertificateRequest(request)
      if (!(await parsed.verify())) throw new Error('the request is not signed by its own key')
      return `${(await issue(parsed.publicKey)).toString('pem')}\n`
    },
  }
}
