import { connect as connectTcp, type Socket } from 'node:net'
import type { LeaseId } from '@forkproof/contracts/ids'
import { systemClock } from '@forkproof/infra/clock'
import { silentLogger } from '@forkproof/infra/log'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { builderAuthorities } from '../credentials/builder-ca.ts'
import { type ProxyLimits, proxyLimits } from './proxy-limits.ts'
import { openFakeBuilder } from './testing/fake-builder.ts'
import { clientOptions, connectAndEcho, proxyAddress } from './testing/proxy-client-harness.ts'
import { openTlsProxy } from './tls-proxy.ts'

const builder = await openFakeBuilder()
const endsAtMs = systemClock.now() + 600_000
const ca = await builderAuthorities(systemClock)({
  serverName: 'b.builders.example',
  endsAtMs,
})
const leaseId = crypto.randomUUID() as LeaseId
const client = await ca.issueClient({ commonName: leaseId, endsAtMs })
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function openDoor(limits: Partial<ProxyLimits> = {}) {
  const proxy = await openTlsProxy({ listen: { host: '127.0.0.1', port: 0 }, log: silentLogger, limits })
  closers.push(() => proxy.close())
  const route = proxy.open({ ca, builder: builder.endpoint, onChange: () => {} })
  route.allow(leaseId, client.fingerprint)
  return { proxy, route, right: clientOptions(proxy, ca, client) }
}

/** A connection that says only this, and whether the proxy has cut it. */
function stranger(address: { host: string; port: number }, says: Uint8Array | string = '') {
  const socket: Socket = connectTcp(address)
  const seen = { bytes: 0, cut: false }
  socket.on('error', () => {})
  socket.on('data', chunk => {
    seen.bytes += chunk.length
  })
  socket.once('close', () => {
    seen.cut = true
  })
  if (says.length > 0) socket.write(says)
  closers.push(() => socket.destroy())
  return { socket, seen }
}

/** A TLS record that begins a ClientHello of the given length and never ends it. */
const beginOfHello = (bytes: number) =>
  Buffer.from([0x16, 3, 1, 0x40, 0, 1, bytes >> 16, (bytes >> 8) & 255, bytes & 255])
const records = (count: number) =>
  Buffer.concat(
    Array.from({ length: count }, () => Buffer.concat([Buffer.from([0x16, 3, 1, 0x40, 0]), Buffer.alloc(16_384)])),
  )

describe('the limits of the TLS proxy', () => {
  it.each([
    ['says nothing', ''],
    ['begins a handshake and stalls', beginOfHello(400)],
    ['begins a huge handshake and stalls', beginOfHello(0xffffff)],
  ])('cut a client that %s when its time for a handshake is over', async (_what, says) => {
    const { proxy } = await openDoor({ handshakeMsMax: 150 })
    const { seen } = stranger(proxyAddress(proxy), says)
    await vi.waitFor(() => expect(seen.cut).toBe(true), 5_000)
    expect(seen.bytes).toBe(0)
  })

  it('cut a client that takes part in a handshake and then never sends its certificate', async () => {
    const { proxy, right } = await openDoor({ handshakeMsMax: 300 })
    const socket = await connectAndEcho(right)
    const hello = await recordedHello(right)
    const { seen } = stranger(proxyAddress(proxy), hello)
    await vi.waitFor(() => expect(seen.cut).toBe(true), 5_000)
    expect(seen.bytes).toBeGreaterThan(500)
    expect(socket.closed).toBe(false)
    socket.destroy()
  })

  it.each([
    ['HTTP in clear', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['HTTP/2 in clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['zeros', Buffer.alloc(100_000)],
    ['a ClientHello of 16 MB', Buffer.concat([beginOfHello(0xffffff), records(1_000)])],
    ['an alert', Buffer.from([0x15, 3, 3, 0, 2, 2, 40])],
  ])('cut a client that sends %s at once', async (_what, says) => {
    const { proxy } = await openDoor()
    const { seen } = stranger(proxyAddress(proxy), says)
    await vi.waitFor(() => expect(seen.cut).toBe(true), 5_000)
  })

  it('let an honest client in past 1,000 that shake no hands, and keep only as many of those as they say', async () => {
    const { proxy, right } = await openDoor({ handshakeMsMax: 60_000 })
    const strangers = Array.from({ length: 1_000 }, () => stranger(proxyAddress(proxy)))
    const left = () => strangers.filter(one => !one.seen.cut).length
    await vi.waitFor(() => expect(left()).toBe(proxyLimits.pendingHandshakesMax), 10_000)
    const socket = await connectAndEcho(right)
    expect(left()).toBe(proxyLimits.pendingHandshakesMax - 1)
    socket.destroy()
  })

  it('give one lease no more connections than they say, and the next one when one has ended', async () => {
    const { route, right } = await openDoor({ connectionsPerLeaseMax: 2 })
    const [first, second] = [await connectAndEcho(right), await connectAndEcho(right)]
    await expect(connectAndEcho(right)).rejects.toThrow('refused')
    expect(route.connections(leaseId)).toBe(2)
    first.destroy()
    await vi.waitFor(() => expect(route.connections(leaseId)).toBe(1))
    const third = await connectAndEcho(right)
    for (const socket of [second, third]) socket.destroy()
  })

  it('take no more connections in all than they say', async () => {
    const { right } = await openDoor({ connectionsMax: 1 })
    const first = await connectAndEcho(right)
    await expect(connectAndEcho(right)).rejects.toThrow('refused')
    first.destroy()
    await vi.waitFor(async () => (await connectAndEcho(right)).destroy(), 5_000)
  })

  it('leave nothing open when the proxy closes', async () => {
    const { proxy, right } = await openDoor()
    const idle = stranger(proxyAddress(proxy))
    const socket = await connectAndEcho(right)
    await proxy.close()
    await vi.waitFor(() => expect(idle.seen.cut && socket.closed && builder.sockets.size === 0).toBe(true))
    await expect(connectAndEcho(right)).rejects.toThrow('refused')
  })
})

describe('the address of the TLS proxy', () => {
  it('is the one that clients are told where it differs from the one that is listened on', async () => {
    const publicAddress = 'builders.example:8443'
    const listen = { host: '127.0.0.1', port: 0 }
    const proxy = await openTlsProxy({ listen, publicAddress, log: silentLogger })
    expect(proxy.endpoint).toBe('tcp://builders.example:8443')
    await proxy.close()
  })

  it('is refused when something else listens there', async () => {
    const { proxy } = await openDoor()
    await expect(openTlsProxy({ listen: proxyAddress(proxy), log: silentLogger })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})

/** The first flight of an honest client, taken down by something that never answers. */
async function recordedHello(options: Awaited<ReturnType<typeof openDoor>>['right']): Promise<Buffer> {
  await using recorder = await openFakeBuilder(() => {})
  const heard = Promise.withResolvers<Buffer>()
  const attempt = connectAndEcho({ ...options, host: undefined, port: undefined, path: recorder.endpoint.path })
  attempt.catch(() => {})
  await vi.waitFor(() => expect(recorder.sockets.size).toBe(1))
  for (const socket of recorder.sockets) socket.once('data', heard.resolve)
  return heard.promise
}
