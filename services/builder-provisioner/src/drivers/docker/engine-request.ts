import { request } from 'node:http'

const answerBytesMax = 4 * 1024 * 1024
/** Oldest version with everything used here is that of Docker 20.10; the newest that was tried is not exceeded. */
const apiVersionMax = '1.47'
const apiVersionMin = '1.41'

/** The daemon cannot be talked to: not there, not ours to open, not answering in time. Its containers may run on. */
export class EngineUnreachable extends Error {
  override readonly name = 'EngineUnreachable'
}

/** The daemon answered, and the answer is no. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal'
  readonly status: number

  constructor(status: number, what: string, message: string) {
    super(`${what}: ${status} ${message}`)
    this.status = status
  }
}

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly msMax: number
  readonly signal: AbortSignal
}

interface EngineAnswer {
  readonly status: number
  readonly version: string | undefined
  readonly body: Buffer
}

/**
 * The Engine API over the daemon's unix socket, with nothing but `node:http`. Nine calls are used, and a client library
 * for all of them would be the largest dependency of this service.
 * Every answer is bounded, and every call has a time limit and ends with the signal.
 */
export class EngineSocket {
  readonly #socketPath: string
  #version: string | undefined

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** @throws EngineUnreachable, EngineRefusal, or the signal's reason */
  async send(options: EngineRequest): Promise<Buffer> {
    this.#version ??= await this.#negotiate(options.signal)
    const { status, body } = await this.#exchange({ ...options, path: `/v${this.#version}${options.path}` })
    if (status >= 400) throw new EngineRefusal(status, `${options.method} ${options.path}`, messageOf(body))
    return body
  }

  async #negotiate(signal: AbortSignal): Promise<string> {
    const { status, version } = await this.#exchange({ method: 'GET', path: '/_ping', msMax: 5_000, signal })
    if (status !== 200 || version === undefined) throw new EngineUnreachable('the Docker daemon is not ready')
    if (isOlder(version, apiVersionMin)) throw new EngineRefusal(status, 'API version', `${version} is too old`)
    return isOlder(version, apiVersionMax) ? version : apiVersionMax
  }

  #exchange({ method, path, body, msMax, signal }: EngineRequest): Promise<EngineAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<EngineAnswer>()
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const limit = AbortSignal.any([signal, AbortSignal.timeout(msMax)])
    const failed = (error: unknown) => {
      // A daemon that was restarted may speak another version.
      this.#version = undefined
      reject(
        signal.aborted ? signal.reason : new EngineUnreachable('the Docker daemon does not answer', { cause: error }),
      )
    }
    const call = request({
      socketPath: this.#socketPath,
      method,
      path,
      signal: limit,
      agent: false,
      headers: { host: 'docker', ...(payload !== undefined && { 'content-type': 'application/json' }) },
    })
    call.on('error', failed)
    call.on('response', response => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > answerBytesMax) call.destroy(new Error(`more than ${answerBytesMax} bytes`))
        else chunks.push(chunk)
      })
      response.on('error', failed)
      response.on('end', () => {
        const version = response.headers['api-version']
        resolve({
          status: response.statusCode ?? 0,
          version: typeof version === 'string' ? version : undefined,
          body: Buffer.concat(chunks),
        })
      })
    })
    call.end(payload)
    return promise
  }
}

function messageOf(body: Buffer): string {
  const text = body.toString('utf8').slice(0, 1_000)
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message)
  } catch {
    // Not JSON: the text itself.
  }
  return text
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [otherMajor = 0, otherMinor = 0] = than.split('.').map(Number)
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}
