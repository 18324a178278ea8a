import { createPrivateKey, X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'
import { systemClock } from '@forkproof/infra/clock'
import { describe, expect, it } from 'vitest'
import { builderAuthorities } from './builder-ca.ts'
import { Pkcs10CertificateRequestGenerator } from './x509.ts'

const serverName = 'b2222222222a.builders.example'
const endsAtMs = systemClock.now() + 600_999
const createBuilderCa = builderAuthorities(systemClock)
const ca = await createBuilderCa({ serverName, endsAtMs })
const root = new X509Certificate(ca.caCertificate)
const server = new X509Certificate(ca.serverCertificate)
const issue = async (commonName = 'lease') => {
  const client = await ca.issueClient({ commonName, endsAtMs })
  return { ...client, certificate: new X509Certificate(client.clientCertificate) }
}

const clientAuth = '1.3.6.1.5.5.7.3.2'
const serverAuth = '1.3.6.1.5.5.7.3.1'

describe('a builder’s certificate authority', () => {
  it('signs itself and may sign', () => {
    expect(root.ca).toBe(true)
    expect(root.verify(root.publicKey)).toBe(true)
  })

  it('gives the server a certificate for exactly its name, of no use as a client', () => {
    expect(server.checkIssued(root) && server.verify(root.publicKey)).toBe(true)
    expect(server.subjectAltName).toBe(`DNS:${serverName}`)
    expect(server.keyUsage).toEqual([serverAuth])
    expect(server.ca).toBe(false)
    expect(server.checkPrivateKey(createPrivateKey(ca.serverKey.reveal()))).toBe(true)
  })

  it('gives a client a certificate that names the lease and nothing else, of no use as a server', async () => {
    const { certificate } = await issue('lease-1')
    expect(certificate.verify(root.publicKey)).toBe(true)
    expect(certificate.subject).toBe('CN=lease-1')
    expect(certificate.subjectAltName).toBeUndefined()
    expect(certificate.keyUsage).toEqual([clientAuth])
    expect(certificate.ca).toBe(false)
  })

  it('takes no characters of a common name for structure', async () => {
    const { certificate } = await issue('lease, O=other+CN=x')
    expect(certificate.toLegacyObject().subject).toEqual({ CN: 'lease, O=other+CN=x' })
  })

  it('tells the fingerprint that the other end of a connection sees', async () => {
    const { certificate, fingerprint } = await issue()
    expect(fingerprint).toBe(certificate.fingerprint256.replaceAll(':', '').toLowerCase())
  })

  it('lets no certificate live longer than the lease', async () => {
    const { certificate } = await issue()
    for (const one of [root, server, certificate]) {
      expect(one.validToDate.getTime()).toBeLessThanOrEqual(endsAtMs)
      expect(one.validToDate.getTime()).toBeGreaterThan(endsAtMs - 1_000)
      expect(one.validFromDate.getTime()).toBeLessThanOrEqual(systemClock.now() - 300_000)
    }
  })

  it.each([
    ['that ends before the authority', -60_000, -60_000],
    ['that would end after the authority', 60_000, 0],
  ])('ends a client’s certificate with its lease: one %s', async (_name, leaseMs, wantedMs) => {
    const client = await ca.issueClient({ commonName: 'lease', endsAtMs: endsAtMs + leaseMs })
    const { validToDate } = new X509Certificate(client.clientCertificate)
    expect(validToDate.getTime()).toBe(Math.floor((endsAtMs + wantedMs) / 1_000) * 1_000)
  })

  it('never uses a serial number or a key twice', async () => {
    const clients = [await issue(), await issue(), await issue()].map(one => one.certificate)
    const all = [root, server, ...clients]
    expect(new Set(all.map(one => one.serialNumber)).size).toBe(all.length)
    expect(new Set(all.map(one => one.publicKey.export({ type: 'spki', format: 'pem' }))).size).toBe(all.length)
    for (const one of all) expect(one.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/)
  })

  it('makes the client’s key when it brings none, and never prints it', async () => {
    const { certificate, clientKey, ...client } = await issue()
    expect(certificate.checkPrivateKey(createPrivateKey(clientKey?.reveal() ?? ''))).toBe(true)
    expect(inspect({ ca, client, clientKey }, { depth: 9 }) + JSON.stringify({ ca, clientKey })).not.toContain(
      'PRIVATE',
    )
  })

  it('makes no key for a client that brings a request, and uses nothing of it but the key', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const certificateRequest = (
      await Pkcs10CertificateRequestGenerator.create({ keys, name: 'CN=root', signingAlgorithm: algorithm })
    ).toString('pem')
    const client = await ca.issueClient({ certificateRequest, commonName: 'lease-2', endsAtMs })
    const certificate = new X509Certificate(client.clientCertificate)
    expect(client.clientKey).toBeUndefined()
    expect(certificate.subject).toBe('CN=lease-2')
    const spki = Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey))
    expect(spki.equals(certificate.publicKey.export({ type: 'spki', format: 'der' }))).toBe(true)
  })

  it('refuses a request that it cannot read', async () => {
    await expect(ca.issueClient({ certificateRequest: 'x', commonName: 'lease', endsAtMs })).rejects.toMatchObject({
      code: 'certificate_request_invalid',
    })
  })

  it('has not signed what another builder’s authority signed, though both have one name', async () => {
    const other = await createBuilderCa({ serverName, endsAtMs })
    const stranger = new X509Certificate((await other.issueClient({ commonName: 'lease', endsAtMs })).clientCertificate)
    expect(stranger.issuer).toBe(root.subject)
    expect(stranger.verify(root.publicKey)).toBe(false)
  })
})
