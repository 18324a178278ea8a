import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixEndpoint } from '../../state/builder-endpoint.ts'

type FakeBuildKitAnswer =
  | Uint8Array
  /** Messages of a stream; it ends after them. */
  | readonly Uint8Array[]
  | { readonly fails: string }
  | 'unimplemented'
  /** Never answers. */
  | 'silence'
  /** Dies with the connection. */
  | 'death'
export type FakeBuildKitAnswers = Readonly<
  Record<string, (attempt: number, request: Buffer) => FakeBuildKitAnswer | Promise<FakeBuildKitAnswer>>
>
const health = '/grpc.health.v1.Health/Check'
const workers = '/moby.buildkit.v1.Control/ListWorkers'
const solve = '/moby.buildkit.v1.Control/Solve'
const status = '/moby.buildkit.v1.Control/Status'

export const servingAnswers: FakeBuildKitAnswers = {
  [health]: () => Buffer.from([0x08, 0x01]),
  [workers]: () => Buffer.from('a worker'),
  [solve]: () => Buffer.alloc(0),
  [status]: () => [],
}
type FakeBuildKitChange = { readonly [name in 'health' | 'workers' | 'solve' | 'status']?: FakeBuildKitAnswers[string] }
export const answersWith = (change: FakeBuildKitChange): FakeBuildKitAnswers => ({
  ...servingAnswers,
  ...(change.health && { [health]: change.health }),
  ...(change.workers && { [workers]: change.workers }),
  ...(change.solve && { [solve]: change.solve }),
  ...(change.status && { [status]: change.status }),
})

/** A folder with a place for a unix socket, gone with the returned object. */
export async function socketFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'forkproof-ready-'))
  const socketPath = join(folder, 'buildkitd.sock')
  return {
    folder,
    socketPath,
    endpoint: unixEndpoint(socketPath),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Speaks gRPC without TLS on a unix socket and gives these answers. */
export async function openFakeBuildKit(socketPath: string, answers: FakeBuildKitAnswers) {
  const attempts = new Map<string, number>()
  const cancelled: string[] = []
  const server = createServer()
  server.on('stream', (stream, headers) => {
    const path = String(headers[':path'])
    const attempt = (attempts.get(path) ?? 0) + 1
    attempts.set(path, attempt)
    stream.on('error', () => {})
    stream.on('aborted', () => cancelled.push(path.split('/').at(-1) ?? ''))
    void requestBytesOf(stream).then(async request =>
      sendAnswer(stream, (await answers[path]?.(attempt, request)) ?? 'unimplemented'),
    )
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    attempts,
    /** The calls that the client gave up, by their names. */
    cancelled,
    /** How many connections were made. */
    connections: () => sockets.size,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Accepts connections and says nothing, or what it is told to. */
export async function openImpostor(socketPath: string, says = '') {
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

/** The message without its prefix; what came of it when the client gave up before. */
async function requestBytesOf(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk)
  } catch {}
  return Buffer.concat(chunks).subarray(prefixBytes)
}

const prefixBytes = 5

function sendAnswer(stream: ServerHttp2Stream, what: FakeBuildKitAnswer): void {
  if (what === 'silence' || stream.destroyed) return
  if (what === 'death') return void stream.session?.destroy()
  const messages = what instanceof Uint8Array ? [what] : Array.isArray(what) ? what : []
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailersFor(what)))
  for (const message of messages) {
    const prefix = Buffer.alloc(prefixBytes)
    prefix.writeUInt32BE(message.length, 1)
    stream.write(Buffer.concat([prefix, message]))
  }
  stream.end()
}

function trailersFor(what: FakeBuildKitAnswer): Record<string, string> {
  if (what === 'unimplemented') return { 'grpc-status': '12' }
  if (typeof what === 'object' && 'fails' in what) {
    return { 'grpc-status': '2', 'grpc-message': encodeURI(what.fails) }
  }
  return { 'grpc-status': '0' }
}
