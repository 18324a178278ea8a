import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import { parse } from 'protobufjs'

const bodyBytesMax = 1 << 20

/** The messages of depot.cli.v1 that the start of a build needs (docs/facts/depot.md#messages). */
const messages = parse(`
  syntax = "proto3";
  message CreateBuildRequest { optional string project_id = 1; }
  message CreateBuildResponse { string build_id = 1; string build_token = 2; string build_url = 5; string project_id = 6; }
`).root

export const recordedBuild = { buildId: 'build-1', buildToken: 'token-of-the-build', projectId: 'project-1' }

interface RecordedCall {
  readonly method: string
  readonly bearer: string
  readonly body: Buffer
}

/** Depot's build service up to CreateBuild. It records and refuses later calls. Connect over h2c on a unix socket. */
export class FakeBuildService {
  readonly calls: RecordedCall[] = []
  readonly #server: Http2Server

  private constructor() {
    this.#server = createServer()
    this.#server.on('stream', (stream, headers) => {
      stream.on('error', () => {})
      void this.#answer(stream, headers[':path'] ?? '', headers.authorization ?? '')
    })
  }

  static async listen(socketPath: string): Promise<FakeBuildService> {
    const service = new FakeBuildService()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    service.#server.once('error', reject)
    service.#server.listen(socketPath, resolve)
    await promise
    return service
  }

  close(): void {
    this.#server.close()
  }

  async #answer(stream: ServerHttp2Stream, path: string, authorization: string): Promise<void> {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes <= bodyBytesMax) chunks.push(chunk)
    }
    const method = path.replace('/depot.cli.v1.BuildService/', '')
    this.calls.push({ method, bearer: authorization.replace('Bearer ', ''), body: Buffer.concat(chunks) })
    if (method === 'CreateBuild') {
      const build = { ...recordedBuild, buildUrl: 'http://127.0.0.1/build-1' }
      stream.respond({ ':status': 200, 'content-type': 'application/proto' })
      stream.end(messages.lookupType('CreateBuildResponse').encode(build).finish())
    } else {
      stream.respond({ ':status': 403, 'content-type': 'application/json' })
      stream.end('{"code":"permission_denied","message":"this service only records"}')
    }
  }
}

/** The project that a recorded CreateBuild asks for. */
export const requestedProject = (call: RecordedCall | undefined): unknown =>
  messages
    .lookupType('CreateBuildRequest')
    .decode(call?.body ?? Buffer.alloc(0))
    .toJSON()['projectId']
