import { once } from 'node:events'
import { createSecureContext } from 'node:tls'
import type { LeaseId } from '@forkproof/contracts/ids'
import { systemClock } from '@forkproof/infra/clock'
import { type LogFields, silentLogger } from '@forkproof/infra/log'
import { Secret } from '@forkproof/infra/secret'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { BuilderCa, ClientCredentials } from '../credentials/builder-ca.ts'
import { builderAuthorities } from '../credentials/builder-ca.ts'
import { X509Certificate, X509CertificateGenerator } from '../credentials/x509.ts'
import { openFakeBuilder } from './testing/fake-builder.ts'
import { clientOptions, connectAndEcho } from './testing/proxy-client-harness.ts'
import { openTlsProxy } from './tls-proxy.ts'

const createBuilderCa = builderAuthorities(systemClock)
const builder = await openFakeBuilder()
const reasons: unknown[] = []
const log = { ...silentLogger, debug: (fields: LogFields) => reasons.push(fields['reason']) }
const proxy = await openTlsProxy({ listen: { host: '127.0.0.1', port: 0 }, log })
afterAll(async () => {
  await proxy.close()
  await builder[Symbol.asyncDispose]()
})

let names = 0
const newName = () => `b${++names}.builders.example`
const someLeaseId = () => crypto.randomUUID() as LeaseId

/** A builder behind the proxy and a client that may connect. */
const endsAtMs = systemClock.now() + 600_000

async function openedBuilder(create = createBuilderCa, caEndsAtMs = endsAtMs) {
  const ca = await create({ serverName: newName(), endsAtMs: caEndsAtMs })
  const changes: [LeaseId, number][] = []
  const route = proxy.open({
    ca,
    builder: builder.endpoint,
    onChange: (leaseId, count) => changes.push([leaseId, count]),
  })
  const newClient = async () => {
    const leaseId = someLeaseId()
    const client = await ca.issueClient({ commonName: leaseId, endsAtMs })
    route.allow(leaseId, client.fingerprint)
    return { leaseId, client }
  }
  return { ca, route, changes, newClient, ...(await newClient()) }
}
const own = await openedBuilder()
const other = await openedBuilder()

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const keyPem = async (key: typeof keys.privateKey) => {
  const base64 = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return new Secret(`-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`)
}
const validity = { notBefore: new Date(systemClock.now() - 60_000), notAfter: new Date(systemClock.now() + 60_000) }

/**
 * What the proxy must not take even when its fingerprint has been allowed: only a certificate of the builder's
 * authority counts.
 */
async function allowed(ca: { route: typeof own.route }, certificate: X509Certificate, clientKey: Secret<string>) {
  const fingerprint = Buffer.from(await certificate.getThumbprint('SHA-256')).toString('hex')
  ca.route.allow(someLeaseId(), fingerprint)
  return { clientCertificate: certificate.toString('pem'), clientKey, fingerprint }
}
async function selfSigned(name: string): Promise<ClientCredentials> {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    name,
    keys,
    signingAlgorithm: algorithm,
  })
  return allowed(own, certificate, await keyPem(keys.privateKey))
}
/** A client that takes its certificate for an authority. */
async function signedByClient(): Promise<ClientCredentials> {
  const key = own.client.clientKey?.reveal().replaceAll(/-----[A-Z ]+-----|\n/g, '') ?? ''
  const signingKey = await crypto.subtle.importKey('pkcs8', Buffer.from(key, 'base64'), algorithm, false, ['sign'])
  const issuer = new X509Certificate(own.client.clientCertificate)
  const leaf = { ...validity, subject: 'CN=x', issuer: issuer.subjectName, publicKey: keys.publicKey, signingKey }
  const certificate = await X509CertificateGenerator.create({ ...leaf, signingAlgorithm: algorithm })
  const client = await allowed(own, certificate, await keyPem(keys.privateKey))
  return { ...client, clientCertificate: `${client.clientCertificate}\n${own.client.clientCertificate}` }
}
async function serverAsClient(ca: BuilderCa): Promise<ClientCredentials> {
  return allowed(own, new X509Certificate(ca.serverCertificate), ca.serverKey)
}
async function expired() {
  const past = new FakeClock(systemClock.now() - 3_600_000)
  const late = await openedBuilder(builderAuthorities(past), systemClock.now() - 1_000)
  return { ...clientOptions(proxy, late.ca, late.client), rejectUnauthorized: false }
}
async function neverAllowed(): Promise<ClientCredentials> {
  return own.ca.issueClient({ commonName: 'never allowed', endsAtMs })
}
async function revoked(): Promise<ClientCredentials> {
  const { leaseId, client } = await own.newClient()
  own.route.revoke(leaseId)
  return client
}

const rightOne = clientOptions(proxy, own.ca, own.client)
/** What the client brings, and why the proxy refuses it: OpenSSL’s word, where it is the chain. */
const hostile: [string, object, string][] = [
  ['no certificate', clientOptions(proxy, own.ca), 'handshake_failed'],
  [
    'a certificate that it signed itself',
    clientOptions(proxy, own.ca, await selfSigned('CN=lease')),
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
  [
    'a certificate that it signed itself in the authority’s name',
    clientOptions(proxy, own.ca, await selfSigned('CN=forkproof builder CA')),
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
  ['a certificate that another client signed', clientOptions(proxy, own.ca, await signedByClient()), 'UNSPECIFIED'],
  [
    'the certificate of another builder’s client',
    clientOptions(proxy, own.ca, other.client),
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  [
    'the right certificate at another builder',
    clientOptions(proxy, other.ca, own.client),
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  ['the server’s own certificate', clientOptions(proxy, own.ca, await serverAsClient(own.ca)), 'INVALID_PURPOSE'],
  ['a certificate whose time is over', await expired(), 'CERT_HAS_EXPIRED'],
  [
    'a certificate that was never allowed',
    clientOptions(proxy, own.ca, await neverAllowed()),
    'certificate_not_allowed',
  ],
  ['the certificate of a revoked lease', clientOptions(proxy, own.ca, await revoked()), 'certificate_not_allowed'],
  [
    'the name of no builder',
    { ...rightOne, servername: 'b0.builders.example', rejectUnauthorized: false },
    'handshake_failed',
  ],
  ['no name', { ...rightOne, servername: '', rejectUnauthorized: false }, 'handshake_failed'],
  ['TLS 1.2', { ...rightOne, maxVersion: 'TLSv1.2' }, 'handshake_failed'],
  ['HTTP/1.1 for a protocol', { ...rightOne, ALPNProtocols: ['http/1.1'] }, 'handshake_failed'],
]

describe('the TLS proxy', () => {
  it('lets a client with its builder’s certificate through to that builder', async () => {
    const { ca, client, route, leaseId, changes } = await openedBuilder()
    const socket = await connectAndEcho(clientOptions(proxy, ca, client))
    expect(socket.authorized && socket.getProtocol()).toBe('TLSv1.3')
    expect(route.connections(leaseId)).toBe(1)
    socket.destroy()
    await vi.waitFor(() => expect(route.connections(leaseId)).toBe(0))
    expect(changes).toEqual([
      [leaseId, 1],
      [leaseId, 0],
    ])
  })

  it('lets a client through that names no protocol, as buildx does', async () => {
    const socket = await connectAndEcho({ ...rightOne, ALPNProtocols: undefined })
    expect(socket.alpnProtocol).toBe(false)
    socket.destroy()
  })

  it('takes a name in any case, as DNS does', async () => {
    const servername = own.ca.serverName.toUpperCase()
    const socket = await connectAndEcho({ ...rightOne, servername, checkServerIdentity: () => undefined })
    expect(socket.getPeerX509Certificate()?.subjectAltName).toBe(`DNS:${own.ca.serverName}`)
    socket.destroy()
  })

  it.each(hostile)(
    'refuses a client that comes with %s, and the builder hears nothing of it',
    async (_what, options, reason) => {
      reasons.length = 0
      const before = builder.sockets.size
      const connected = vi.fn()
      await expect(connectAndEcho(options).then(connected)).rejects.toThrow('refused')
      expect(connected).not.toHaveBeenCalled()
      expect(builder.sockets.size).toBeLessThanOrEqual(before)
      await vi.waitFor(() => expect(reasons).toEqual([reason]))
    },
  )

  it('shows a client the certificate of the builder that it named only', async () => {
    const socket = await connectAndEcho(clientOptions(proxy, other.ca, other.client))
    expect(socket.getPeerX509Certificate()?.subjectAltName).toBe(`DNS:${other.ca.serverName}`)
    socket.destroy()
  })

  it('resumes no session, neither at the builder that gave it nor at another', async () => {
    const first = await connectAndEcho(rightOne)
    const session = first.getSession() ?? (await once(first, 'session'))[0]
    first.destroy()
    const again = await connectAndEcho({ ...rightOne, session })
    expect(again.isSessionReused()).toBe(false)
    again.destroy()
    const bare = { ...rightOne, session, secureContext: createSecureContext({ ca: own.ca.caCertificate }) }
    await expect(connectAndEcho({ ...bare, cert: undefined, key: undefined })).rejects.toThrow('refused')
    await expect(connectAndEcho({ ...clientOptions(proxy, other.ca), session })).rejects.toThrow('refused')
  })

  it('cuts a revoked lease at a shared builder, and nobody else', async () => {
    const { ca, client, leaseId, route, newClient } = await openedBuilder()
    const neighbour = await newClient()
    const socket = await connectAndEcho(clientOptions(proxy, ca, client))
    const stays = await connectAndEcho(clientOptions(proxy, ca, neighbour.client))
    route.revoke(leaseId)
    await once(socket, 'close')
    await expect(connectAndEcho(clientOptions(proxy, ca, client))).rejects.toThrow('refused')
    stays.write('still here')
    expect(String((await once(stays, 'data'))[0])).toBe('still here')
    expect(route.connections(neighbour.leaseId)).toBe(1)
    route.close()
    await once(stays, 'close')
  })

  it('forgets a builder that has closed, and lets its name be used again by another authority only', async () => {
    const first = await openedBuilder()
    const socket = await connectAndEcho(clientOptions(proxy, first.ca, first.client))
    first.route.close()
    first.route.close()
    await once(socket, 'close')
    await expect(
      connectAndEcho({ ...clientOptions(proxy, first.ca, first.client), rejectUnauthorized: false }),
    ).rejects.toThrow()
    const ca = await createBuilderCa({ serverName: first.ca.serverName, endsAtMs: systemClock.now() + 60_000 })
    const second = proxy.open({ ca, builder: builder.endpoint, onChange: () => {} })
    second.allow(first.leaseId, first.client.fingerprint)
    await expect(
      connectAndEcho({ ...clientOptions(proxy, ca, first.client), rejectUnauthorized: false }),
    ).rejects.toThrow('refused')
    second.close()
  })

  it('does not open one name twice', () => {
    const again = { ca: own.ca, builder: builder.endpoint, onChange: () => {} }
    expect(() => proxy.open(again)).toThrow('open already')
  })

  it('allows nobody at an route that has closed', async () => {
    const { ca, route } = await openedBuilder()
    route.close()
    const client = await ca.issueClient({ commonName: 'late', endsAtMs })
    route.allow(someLeaseId(), client.fingerprint)
    await expect(connectAndEcho({ ...clientOptions(proxy, ca, client), rejectUnauthorized: false })).rejects.toThrow(
      'refused',
    )
  })

  it('lets the newest certificate of a lease in, and the one before no more', async () => {
    const { ca, client, leaseId, route } = await openedBuilder()
    const renewed = await ca.issueClient({ commonName: leaseId, endsAtMs })
    route.allow(leaseId, renewed.fingerprint)
    route.allow(leaseId, renewed.fingerprint)
    await expect(connectAndEcho(clientOptions(proxy, ca, client))).rejects.toThrow('refused')
    const socket = await connectAndEcho(clientOptions(proxy, ca, renewed))
    expect(route.connections(leaseId)).toBe(1)
    socket.destroy()
    route.close()
  })
})
