import { Client, type ClientReadableStream, credentials, type ServiceError } from '@grpc/grpc-js'
import { addressOf, type BuilderEndpoint } from '../state/builder-endpoint.ts'

/** Answers are a few hundred bytes; what sends more is no BuildKit. */
const answerBytesMax = 1_048_576
/** BuildKit may not listen yet. It is on this machine, so attempts are cheap. */
const reconnectMs = 20
const asIs = (bytes: Buffer) => bytes

interface CallOptions {
  readonly signal: AbortSignal
  readonly msMax: number
}

/** One connection to the API of a builder's BuildKit. Messages are bytes: half of the requests here have no content. */
export interface BuildKitConnection {
  /**
   * The call is cancelled, and with it what BuildKit does for it, when the signal aborts or the time is over.
   * @throws ServiceError
   */
  ask(path: string, request: Uint8Array, options: CallOptions): Promise<Buffer>
  /** Messages as they come, until the other side ends, fails or the signal is aborted. Never rejects. */
  listen(path: string, request: Uint8Array, onMessage: (message: Buffer) => void, options: CallOptions): Promise<void>
  close(): void
}

/** Connects when first used, and again when that fails. */
export function openBuildKit(endpoint: BuilderEndpoint): BuildKitConnection {
  const client = new Client(addressOf(endpoint), credentials.createInsecure(), {
    // Clients of one address share their connection and its back-off otherwise, for minutes after the builder has gone.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.initial_reconnect_backoff_ms': reconnectMs,
    'grpc.max_reconnect_backoff_ms': reconnectMs,
    'grpc.max_receive_message_length': answerBytesMax,
  })
  return {
    ask: (path, request, options) =>
      new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(
          path,
          asIs,
          asIs,
          asBuffer(request),
          deadlineOf(options),
          (error: ServiceError | null, answer?: Buffer) => {
            release()
            if (error) reject(error)
            else resolve(answer ?? Buffer.alloc(0))
          },
        )
        const release = cancelWith(call, options.signal)
      }),
    listen: (path, request, onMessage, options) =>
      new Promise(resolve => {
        const call: ClientReadableStream<Buffer> = client.makeServerStreamRequest(
          path,
          asIs,
          asIs,
          asBuffer(request),
          deadlineOf(options),
        )
        const release = cancelWith(call, options.signal)
        const end = () => {
          release()
          resolve()
        }
        call.on('data', onMessage).on('error', end).on('end', end)
      }),
    close: () => client.close(),
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const deadlineOf = ({ msMax }: CallOptions) => ({ deadline: Date.now() + msMax })

function cancelWith(call: { cancel(): void }, signal: AbortSignal): () => void {
  const cancel = () => call.cancel()
  if (signal.aborted) cancel()
  else signal.addEventListener('abort', cancel, { once: true })
  return () => signal.removeEventListener('abort', cancel)
}
