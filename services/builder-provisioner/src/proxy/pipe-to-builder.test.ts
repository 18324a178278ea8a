import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { unixEndpoint } from '../state/builder-endpoint.ts'
import { pipeToBuilder } from './pipe-to-builder.ts'
import { openFakeBuilder } from './testing/fake-builder.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A client whose connection is carried on to a builder that behaves like this. */
async function carried(
  serve?: (socket: Socket) => void,
  { halfOpenMsMax = 60_000, path }: { halfOpenMsMax?: number; path?: string } = {},
) {
  const builder = await openFakeBuilder(serve)
  closers.push(() => builder[Symbol.asyncDispose]())
  const arrived = Promise.withResolvers<Socket>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    pipeToBuilder(socket, path === undefined ? builder.endpoint : unixEndpoint(path), halfOpenMsMax)
    arrived.resolve(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  client.on('error', () => {})
  closers.push(
    () => server.close(),
    () => client.destroy(),
  )
  return { builder, client, atDoor: await arrived.promise }
}
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('a carried connection', () => {
  it('brings every byte both ways, and the end of each', async () => {
    const { client } = await carried()
    const sent = randomBytes(8_000_000)
    client.end(sent)
    expect(sha256(await buffer(client))).toBe(sha256(sent))
  })

  it('lets a builder answer a client that has said all it had to say', async () => {
    const { client } = await carried(socket => {
      socket.resume()
      socket.once('end', () => socket.end('answer'))
    })
    client.end('question')
    expect(String(await buffer(client))).toBe('answer')
  })

  it('delivers what a builder said before it went away', async () => {
    const said = randomBytes(3_000_000)
    const { client } = await carried(socket => socket.write(said, () => socket.destroySoon()))
    expect(sha256(await buffer(client))).toBe(sha256(said))
    await vi.waitFor(() => expect(client.readableEnded).toBe(true))
  })

  it('is cut at the builder when the client vanishes', async () => {
    const { client, builder } = await carried()
    client.write('hello')
    await once(client, 'data')
    client.resetAndDestroy()
    await vi.waitFor(() => expect(builder.sockets.size).toBe(0))
  })

  it('ends for the client when the builder breaks off, and is cut though the client hangs on', async () => {
    const { client, atDoor } = await carried(socket => socket.once('data', () => socket.destroy()), {
      halfOpenMsMax: 100,
    })
    client.resume()
    client.write('hello')
    await once(client, 'end')
    await vi.waitFor(() => expect(atDoor.closed).toBe(true), 5_000)
  })

  it.each(['/nonexistent/builder.sock', '/dev/null'])('is cut when no builder listens at %s', async path => {
    const { client, atDoor } = await carried(undefined, { path })
    client.resume()
    await vi.waitFor(() => expect(atDoor.closed).toBe(true))
    await vi.waitFor(() => expect(client.readableEnded || client.closed).toBe(true))
  })

  it('is cut some time after one side has ended and the other says nothing more', async () => {
    const { client, builder, atDoor } = await carried(socket => socket.resume(), { halfOpenMsMax: 100 })
    client.end('done')
    await vi.waitFor(() => expect(atDoor.closed).toBe(true), 5_000)
    // This builder has read the end already. It learns that the client is gone when it writes.
    for (const socket of builder.sockets) socket.write('late')
    await vi.waitFor(() => expect(builder.sockets.size).toBe(0))
  })

  it('is read from the builder only as fast as the client reads', async () => {
    let written = 0
    const stalled = Promise.withResolvers<number>()
    const chunk = randomBytes(65_536)
    const fill = (socket: Socket) => {
      while (socket.write(chunk)) written += chunk.length
      written += chunk.length
      // The kernel holds a few hundred kilobytes for each socket: no room for this long means that nothing is read.
      const timer = setTimeout(() => stalled.resolve(written), 300)
      socket.once('drain', () => {
        clearTimeout(timer)
        fill(socket)
      })
    }
    const { client, atDoor } = await carried(fill)
    client.pause()
    expect(await stalled.promise).toBeLessThan(32_000_000)
    expect(atDoor.writableLength).toBeLessThan(1_000_000)
  })
})
