import type { Clock } from '@forkproof/infra/clock'

/** One shared reason: an abort without a reason builds an exception, with its stack, each time. */
const cutShort = new Error('the sleep was cut short')

/** A sleep that can be cut short. A wake between two sleeps is not lost. */
export class Wakeup {
  readonly #clock: Clock
  #pending = false
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wake(): void {
    this.#pending = true
    this.#wake?.()
  }

  /** Until `atMs`, or the next wake; `undefined` waits for a wake alone. Rejects when the signal aborts. */
  async until(atMs: number | undefined, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const timer = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    this.#wake = resolve
    if (this.#pending) resolve()
    else if (atMs !== undefined) {
      this.#clock.sleep(Math.max(atMs - this.#clock.now(), 0), timer.signal).then(resolve, () => undefined)
    }
    try {
      await promise
    } finally {
      this.#pending = false
      this.#wake = undefined
      signal.removeEventListener('abort', onAbort)
      timer.abort(cutShort)
    }
  }
}
