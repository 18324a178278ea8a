import { AppError } from '@forkproof/contracts/errors'
import type { Clock } from '@forkproof/infra/clock'
import { Client, credentials } from '@grpc/grpc-js'

/** A cold start takes a tenth of it; more means that the machine is far too busy or the builder is broken. */
const serveMsMax = 20_000
const callMsMax = 1_000
const retryEveryMs = 20
const answerBytesMax = 1_048_576
/** HealthCheckResponse with status SERVING (grpc.health.v1). */
const serving = Buffer.from([0x08, 0x01])

interface Options {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly serveMsMax?: number
}

/**
 * Resolves when BuildKit on this socket serves and has a worker. A listener that accepts is not enough: BuildKit listens before it can
 * answer. No schema is needed for two questions without content. @throws AppError builder_not_ready, or the signal's reason
 */
export async function checkHealth(socketPath: string, options: Options): Promise<void> {
  const { clock, signal } = options
  const deadlineMs = clock.now() + (options.serveMsMax ?? serveMsMax)
  for (;;) {
    signal.throwIfAborted()
    try {
      return await askOnce(socketPath, signal)
    } catch (cause) {
      signal.throwIfAborted()
      if (clock.now() >= deadlineMs) throw new AppError('builder_not_ready', { cause })
    }
    await clock.sleep(retryEveryMs, signal)
  }
}

async function askOnce(socketPath: string, signal: AbortSignal): Promise<void> {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
    // Clients of one address share their connection and its back-off otherwise, for minutes after the builder has gone.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.max_receive_message_length': answerBytesMax,
  })
  try {
    const health = await call(client, '/grpc.health.v1.Health/Check', signal)
    if (!health.equals(serving)) throw new Error('the builder does not serve')
    const workers = await call(client, '/moby.buildkit.v1.Control/ListWorkers', signal)
    if (workers.length === 0) throw new Error('the builder has no worker')
  } finally {
    client.close()
  }
}

function call(client: Client, path: string, signal: AbortSignal): Promise<Buffer> {
  const asIs = (bytes: Buffer) => bytes
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + callMsMax }
    const cancel = () => made.cancel()
    const made = client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), options, (error, answer) => {
      signal.removeEventListener('abort', cancel)
      if (error) reject(error)
      else resolve(answer ?? Buffer.alloc(0))
    })
    signal.addEventListener('abort', cancel, { once: true })
  })
}
