import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Answers = Readonly<Record<string, (attempt: number) => Uint8Array | 'unimplemented' | 'silence'>>
const health = '/grpc.health.v1.Health/Check'
const workers = '/moby.buildkit.v1.Control/ListWorkers'

export const servingAnswers: Answers = {
  [health]: () => Buffer.from([0x08, 0x01]),
  [workers]: () => Buffer.from('a worker'),
}
export const answersWith = (change: { health?: Answers[string]; workers?: Answers[string] }): Answers => ({
  ...servingAnswers,
  ...(change.health && { [health]: change.health }),
  ...(change.workers && { [workers]: change.workers }),
})

/** A folder with a place for a unix socket, gone with the returned object. */
export async function socketFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'forkproof-ready-'))
  return {
    folder,
    socketPath: join(folder, 'buildkitd.sock'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Speaks gRPC without TLS on a unix socket and gives these answers. */
export async function standInBuildKit(socketPath: string, answers: Answers) {
  const attempts = new Map<string, number>()
  const server = createServer()
  server.on('stream', (stream, headers) => {
    const path = String(headers[':path'])
    const attempt = (attempts.get(path) ?? 0) + 1
    attempts.set(path, attempt)
    answer(stream, answers[path]?.(attempt) ?? 'unimplemented')
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    attempts,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Accepts connections and says nothing, or what it is told to. */
export async function impostor(socketPath: string, says = '') {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.write(says)
  }).listen(socketPath)
  await once(server, 'listening')
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function answer(stream: ServerHttp2Stream, what: ReturnType<Answers[string]>): void {
  stream.on('error', () => {})
  if (what === 'silence') return
  const status = what === 'unimplemented' ? '12' : '0'
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
  if (what === 'unimplemented') return void stream.end()
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(what.length, 1)
  stream.end(Buffer.concat([prefix, what]))
}
