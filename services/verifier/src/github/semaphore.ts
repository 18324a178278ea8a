import { GithubFault } from './fault.ts'
import { githubLimits } from './limits.ts'
import type { RequestPriority } from './request-priority.ts'
import { minuteShareOf } from './reserves.ts'

interface Waiter {
  readonly priority: RequestPriority
  readonly admit: () => void
}
const order: readonly RequestPriority[] = ['admitted', 'related', 'unknown']

/**
 * At most `slots` at work; the rest wait in order, each until its signal aborts. Some slots are kept for those with
 * more priority, so that requests which GitHub leaves unanswered hold up their own kind only.
 * No `p-limit`: there work that was given up keeps its place in the queue, whose length is limited here.
 */
export class Semaphore {
  readonly #slots: number
  #taken = 0
  readonly #waiting = new Set<Waiter>()

  constructor(slots: number) {
    this.#slots = slots
  }

  async run<T>(work: () => Promise<T>, signal: AbortSignal, priority: RequestPriority = 'admitted'): Promise<T> {
    await this.#acquire(priority, signal)
    try {
      return await work()
    } finally {
      this.#release()
    }
  }

  #acquire(priority: RequestPriority, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#hasRoom(priority)) {
      this.#taken += 1
      return Promise.resolve()
    }
    if (this.#waiting.size >= githubLimits.queuedRequestsMax) {
      return Promise.reject(new GithubFault('unreachable', 'too many requests are waiting'))
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        priority,
        admit: () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      this.#waiting.add(waiter)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  #hasRoom(priority: RequestPriority): boolean {
    return this.#taken < Math.max(Math.floor(this.#slots * minuteShareOf(priority)), 1)
  }

  #release(): void {
    this.#taken -= 1
    const waiting = [...this.#waiting]
    const next = order
      .filter(priority => this.#hasRoom(priority))
      .map(priority => waiting.find(waiter => waiter.priority === priority))
      .find(waiter => waiter !== undefined)
    if (!next) return
    this.#waiting.delete(next)
    this.#taken += 1
    next.admit()
  }
}
