import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BuilderCa, ClientCredentials } from '@forkproof/builder-provisioner/credentials/builder-ca'
import { builderAuthorities } from '@forkproof/builder-provisioner/credentials/builder-ca'
import type { TlsProxy } from '@forkproof/builder-provisioner/proxy/tls-proxy'
import { openTlsProxy } from '@forkproof/builder-provisioner/proxy/tls-proxy'
import { builderReadiness } from '@forkproof/builder-provisioner/readiness/builder-readiness'
import { checkHealth } from '@forkproof/builder-provisioner/readiness/check-health'
import { LeaseId } from '@forkproof/contracts/ids'
import { systemClock } from '@forkproof/infra/clock'
import { silentLogger } from '@forkproof/infra/log'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { afterFile } from '../testing/after-file.ts'
import type { BuilderCredentials } from '../testing/build-requests.ts'
import { type BareBuilder, startBareBuilder } from '../testing/builders/bare-builder-harness.ts'
import { buildWith, imageContext, runToEnd } from '../testing/remote-build.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { waitUntil } from '../testing/wait-until.ts'

const programs = inject('programs')
const { buildctl, buildx, probe } = programs
const createBuilderCa = builderAuthorities(systemClock)
const endsAtMs = systemClock.now() + 600_000
const within = (msMax = 30_000) => AbortSignal.timeout(msMax)
const someLeaseId = () => LeaseId.parse(crypto.randomUUID())

let folder: string
let proxy: TlsProxy
let own: Leased
let other: Leased

beforeAll(async () => {
  folder = await temporaryFolder()
  proxy = await openTlsProxy({ listen: { host: '127.0.0.1', port: 0 }, log: silentLogger })
  afterFile(() => proxy.close())
  own = await leasedBuilder('b-own.builders.example')
  other = await leasedBuilder('b-other.builders.example')
})

type Leased = Awaited<ReturnType<typeof leasedBuilder>>
async function leasedBuilder(serverName: string) {
  const builder = await startBareBuilder(programs)
  await checkHealth(builder.endpoint, { clock: systemClock, signal: within() })
  const ca = await createBuilderCa({ serverName, endsAtMs })
  const route = proxy.open({ ca, builder: builder.endpoint, onChange: () => {} })
  const lease = async (certificateRequest?: string) => {
    const leaseId = someLeaseId()
    const client = await ca.issueClient({
      commonName: leaseId,
      endsAtMs,
      ...(certificateRequest && { certificateRequest }),
    })
    route.allow(leaseId, client.fingerprint)
    return { leaseId, client }
  }
  return { builder, ca, route, lease, ...(await lease()) }
}

let written = 0
async function filesOf(ca: BuilderCa, client: ClientCredentials, key?: string): Promise<BuilderCredentials> {
  const name = (suffix: string) => join(folder, `${written}-${suffix}.pem`)
  written += 1
  const to = { ca: name('ca'), certificate: name('certificate'), key: key ?? name('key') }
  await writeFile(to.ca, ca.caCertificate)
  await writeFile(to.certificate, client.clientCertificate)
  if (client.clientKey) await writeFile(to.key, client.clientKey.reveal(), { mode: 0o600 })
  return { endpoint: proxy.endpoint, serverName: ca.serverName, ...to }
}
const buildThrough = async (to: BuilderCredentials, lines?: string[], signal: AbortSignal = within()) =>
  buildWith({ buildctl, to }, await imageContext({ probe, folder }, lines), { args: ['--no-cache'], signal })

describe('behind the TLS proxy', () => {
  it('buildctl builds with its lease’s certificate', async () => {
    const { code, output } = await buildThrough(await filesOf(own.ca, own.client))
    expect(output).toContain('Hello from an image')
    expect(code).toBe(0)
  })

  it('buildctl builds with a certificate for a key that only the client has', async () => {
    const key = join(folder, 'own-key.pem')
    const openssl = promisify(execFile)
    await openssl('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
    const { stdout } = await openssl('openssl', ['req', '-new', '-key', key, '-subj', '/CN=build'])
    const { client } = await own.lease(stdout)
    expect(client.clientKey).toBeUndefined()
    expect((await buildThrough(await filesOf(own.ca, client, key))).code).toBe(0)
  })

  it('buildx builds by its remote driver', async () => {
    const to = await filesOf(own.ca, own.client)
    const env = { PATH: '/usr/bin:/bin', HOME: folder, BUILDX_CONFIG: join(folder, 'buildx') }
    const options = `cacert=${to.ca},cert=${to.certificate},key=${to.key},servername=${to.serverName}`
    const create = ['create', '--name', 'leased', '--driver', 'remote', '--driver-opt', options, to.endpoint]
    expect(await runToEnd(buildx, create, within(), env)).toMatchObject({ code: 0 })
    const context = await imageContext({ probe, folder })
    const args = ['build', '--builder', 'leased', '--progress', 'plain', '--no-cache', context]
    const built = await runToEnd(buildx, args, within(60_000), env)
    expect(built).toMatchObject({ code: 0, output: expect.stringContaining('Hello from an image') })
  })

  it.each<[string, () => Promise<BuilderCredentials>]>([
    ['another builder’s certificate', () => filesOf(own.ca, other.client)],
    ['its certificate at another builder', () => filesOf(other.ca, own.client)],
    [
      'a certificate that was not allowed',
      async () => filesOf(own.ca, await own.ca.issueClient({ commonName: 'x', endsAtMs })),
    ],
    ['the server’s own certificate', () => filesOf(own.ca, asClient(own.ca))],
    [
      'a revoked certificate',
      async () => {
        const { leaseId, client } = await own.lease()
        own.route.revoke(leaseId)
        return filesOf(own.ca, client)
      },
    ],
  ])('buildctl builds nothing with %s', async (_what, credentials) => {
    const { code, output } = await buildThrough(await credentials(), undefined, within(15_000))
    expect(code).not.toBe(0)
    expect(output).not.toContain('Hello')
  })

  it('buildctl builds nothing without a certificate, or at the builder’s own socket by TCP', async () => {
    const to = await filesOf(own.ca, own.client)
    const bare = ['--addr', to.endpoint, '--tlscacert', to.ca, '--tlsservername', to.serverName, 'du']
    expect((await runToEnd(buildctl, bare, within(15_000))).code).not.toBe(0)
    expect((await runToEnd(buildctl, ['--addr', to.endpoint, 'du'], within(15_000))).code).not.toBe(0)
  })

  it('a build is cut when its lease is revoked, and the next lease of the builder works', async () => {
    const { leaseId, client } = await own.lease()
    const running = buildThrough(await filesOf(own.ca, client), ['RUN ["/probe","sleep","60"]'], within(60_000))
    await waitUntil('the client is connected', () => own.route.connections(leaseId) > 0, { msMax: 20_000 })
    const beganMs = performance.now()
    own.route.revoke(leaseId)
    expect((await running).code).not.toBe(0)
    expect(performance.now() - beganMs).toBeLessThan(15_000)
    const next = await own.lease()
    expect((await buildThrough(await filesOf(own.ca, next.client))).code).toBe(0)
  })
})

const asClient = (ca: BuilderCa): ClientCredentials => ({
  clientCertificate: ca.serverCertificate,
  clientKey: ca.serverKey,
  fingerprint: '',
})

describe('a real builder', () => {
  const platform = 'linux/amd64' as const
  const checkReady = (builder: BareBuilder, targets: readonly string[]) =>
    builderReadiness({
      probePath: () => probe,
      targets: () => targets,
      clock: systemClock,
    })({ endpoint: builder.endpoint, platform, egress: 'none' }, within())

  it('is ready when a RUN step works in it and reaches nothing, and remembers none of the targets', async () => {
    const secretTarget = '198.51.100.77:4222'
    const builder = await startBareBuilder(programs)
    const { startMs, canaryMs } = await checkReady(builder, ['169.254.169.254:80', secretTarget])
    expect(startMs).toBeGreaterThan(0)
    expect(canaryMs).toBeGreaterThan(0)
    const ask = (...args: string[]) =>
      runToEnd(buildctl, ['--addr', `unix://${builder.endpoint.path}`, ...args], within())
    const seen = [await ask('du', '-v'), await ask('debug', 'histories'), await ask('debug', 'logs')]
    expect(seen[0]?.output).toContain('/probe')
    expect(seen[1]?.output.trim().split('\n')).toHaveLength(1)
    for (const { output } of seen) expect(output).not.toContain('198.51.100.77')
  })

  it('is not ready when something forbidden answers inside it', async () => {
    const builder = await startBareBuilder(programs)
    await checkHealth(builder.endpoint, { clock: systemClock, signal: within() })
    const portFile = join(folder, 'listening')
    await rm(portFile, { force: true })
    builder.inNetwork('ip', 'link', 'set', 'lo', 'up')
    const serve = `require('net').createServer().listen(4222, '127.0.0.1', () => require('fs').writeFileSync(process.argv[1], ''))`
    builder.inNetwork(process.execPath, '-e', serve, portFile)
    await waitUntil(
      'the stand-in listens',
      () =>
        readFile(portFile).then(
          () => true,
          () => false,
        ),
      { msMax: 10_000 },
    )
    await expect(checkReady(builder, ['192.0.2.1:80', '127.0.0.1:4222'])).rejects.toMatchObject({
      code: 'builder_not_ready',
      cause: { message: expect.stringContaining('reached 127.0.0.1:4222') },
    })
  })

  it('is not ready when it serves but cannot run anything', async () => {
    const builder = await startBareBuilder(programs, ['binary = "/bin/false"'])
    await checkHealth(builder.endpoint, { clock: systemClock, signal: within() })
    await expect(checkReady(builder, ['192.0.2.1:80'])).rejects.toMatchObject({ code: 'builder_not_ready' })
  })

  it('is reached through its socket only, never by TCP', async () => {
    const { port } = new URL(proxy.endpoint)
    const answered = new Promise(resolve => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))
      socket
        .on('data', () => resolve('answered'))
        .on('error', () => resolve('cut'))
        .on('close', () => resolve('cut'))
    })
    expect(await answered).toBe('cut')
  })
})
