import { type ClientHttp2Session, connect } from 'node:http2'

const answerBytesMax = 4_096
const serving = 1

/**
 * Asks a gRPC server's standard health service (grpc.health.v1.Health/Check) whether `service` is SERVING.
 * Two fields of protobuf and one frame need no gRPC library.
 * Rejects when the server cannot be reached or the signal aborts.
 */
export async function isServing(host: string, port: number, service: string, signal: AbortSignal): Promise<boolean> {
  const session = connect(`http://${host}:${port}`)
  try {
    return statusIn(await exchange(session, frame(service), signal)) === serving
  } finally {
    session.destroy()
  }
}

/** HealthCheckRequest { string service = 1 }, behind the five bytes of a gRPC frame: not compressed, length. */
function frame(service: string): Buffer {
  const name = Buffer.from(service, 'utf8')
  const message = Buffer.concat([Buffer.from([0x0a, name.length]), name])
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/**
 * HealthCheckResponse { ServingStatus status = 1 }.
 * Undefined for an error, which comes as a trailer without a message.
 */
function statusIn(answer: Buffer): number | undefined {
  return answer.length >= 7 && answer[5] === 0x08 ? answer[6] : undefined
}

function exchange(session: ClientHttp2Session, body: Buffer, signal: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  session.once('error', reject)
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    },
    { signal },
  )
  let answer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    answer = Buffer.concat([answer, chunk])
    if (answer.length > answerBytesMax) stream.destroy(new Error('health answer is too long'))
  })
  stream.once('error', reject)
  stream.once('close', () => resolve(answer))
  stream.end(body)
  return promise
}
