import { ConfigError } from './config.ts'
import { createLogger, type Logger } from './log.ts'

const closeStepMsMax = 8_000
const shutdownMsMax = 25_000

interface Closer {
  readonly name: string
  readonly close: () => Promise<void> | void
  readonly msMax: number
}

/**
 * What was opened, closed in reverse order. Each step is bounded and a failing one does not keep the rest from closing.
 */
export class Lifecycle {
  readonly #closers: Closer[] = []
  readonly #abort = new AbortController()
  readonly #stepMsMax: number
  #done = Promise.resolve()

  constructor(stepMsMax = closeStepMsMax) {
    this.#stepMsMax = stepMsMax
  }

  /** Aborts when shutdown begins. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** `msMax`: for a part that needs longer than the rest to end in order. */
  add(name: string, close: () => Promise<void> | void, msMax = this.#stepMsMax): void {
    this.#closers.push({ name, close, msMax })
  }

  /** May be called again: then it waits for the first call, and closes what was added after that had finished. */
  shutdown(log?: Logger): Promise<void> {
    this.#abort.abort(new Error('shutting down'))
    this.#done = this.#done.then(() => this.#closeAll(log))
    return this.#done
  }

  async #closeAll(log?: Logger): Promise<void> {
    for (let closer = this.#closers.pop(); closer; closer = this.#closers.pop()) {
      const { name, close, msMax } = closer
      try {
        await bounded(Promise.resolve(close()), msMax)
      } catch (err) {
        log?.warn({ name, err }, 'a part did not close in order')
      }
    }
  }
}

async function bounded(work: Promise<void>, ms: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`not closed within ${ms} ms`)), ms)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Runs a service until SIGTERM or SIGINT. A second signal, or a shutdown that takes too long, forces the exit. Prints a
 * line with `msg: "ready"` once `compose` has resolved. Exit codes: 0 orderly, 1 failed to start or to stop, 2 bad
 * configuration.
 */
export async function runService(
  name: string,
  compose: (lifecycle: Lifecycle) => Promise<{ log: Logger }>,
): Promise<void> {
  const lifecycle = new Lifecycle()
  let log = createLogger({ service: name })
  const stop = (signal: NodeJS.Signals) => {
    if (lifecycle.signal.aborted) process.exit(1)
    log.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), shutdownMsMax).unref()
    void lifecycle.shutdown(log).then(() => process.exit(0))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  try {
    log = (await compose(lifecycle)).log
    log.info({ pid: process.pid }, 'ready')
  } catch (err) {
    if (err instanceof ConfigError) process.stderr.write(`${name}: ${err.message}\n`)
    else log.error({ err }, 'could not start')
    await lifecycle.shutdown(log)
    process.exit(err instanceof ConfigError ? 2 : 1)
  }
}
