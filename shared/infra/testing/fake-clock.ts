import type { Clock } from '../clock.ts'

interface Sleeper {
  readonly dueMs: number
  readonly wake: () => void
}

/** A clock that stands still until `advance`. */
export class FakeClock implements Clock {
  #nowMs: number
  #sleepers: Sleeper[] = []

  constructor(nowMs = 1_790_000_000_000) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const sleeper = { dueMs: this.#nowMs + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter(other => other !== sleeper)
        reject(signal.reason)
      })
    })
  }

  /** How many sleeps are waiting: tests wait for this instead of for time. */
  get sleeping(): number {
    return this.#sleepers.length
  }

  advance(ms: number): void {
    this.#nowMs += ms
    const due = this.#sleepers.filter(sleeper => sleeper.dueMs <= this.#nowMs)
    this.#sleepers = this.#sleepers.filter(sleeper => sleeper.dueMs > this.#nowMs)
    for (const sleeper of due) sleeper.wake()
  }
}
