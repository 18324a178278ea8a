import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type UnixEndpoint, unixEndpoint } from '../../state/builder-endpoint.ts'

interface FakeBuilder extends AsyncDisposable {
  readonly endpoint: UnixEndpoint
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>
}

/** Listens on a unix socket as a builder does. `serve` answers each connection, by default as an echo. */
export async function openFakeBuilder(
  serve: (socket: Socket) => void = socket => socket.pipe(socket),
): Promise<FakeBuilder> {
  const folder = await mkdtemp(join(tmpdir(), 'forkproof-proxy-'))
  const socketPath = join(folder, 'builder.sock')
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    serve(socket)
  })
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    endpoint: unixEndpoint(socketPath),
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
