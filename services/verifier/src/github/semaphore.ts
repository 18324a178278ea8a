import { GithubFault } from './fault.ts'
import { githubLimits } from './limits.ts'

/**
 * At most `slots` at work; the rest wait in order, each until its signal aborts.
 * No `p-limit`: there work that was given up keeps its place in the queue, whose length is limited here.
 */
export class Semaphore {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(slots: number) {
    this.#free = slots
  }

  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#acquire(signal)
    try {
      return await work()
    } finally {
      this.#release()
    }
  }

  #acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free -= 1
      return Promise.resolve()
    }
    if (this.#waiting.size >= githubLimits.queuedRequestsMax) {
      return Promise.reject(new GithubFault('unreachable', 'too many requests are waiting'))
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(admit)
        reject(signal.reason)
      }
      const admit = () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      this.#waiting.add(admit)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  #release(): void {
    const next = this.#waiting.values().next().value
    if (!next) {
      this.#free += 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
