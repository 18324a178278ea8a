import type { Clock } from '@forkproof/infra/clock'

interface Reading<T> {
  readonly startedAtMs: number
  readonly value: T
}

/**
 * A reading shared by all callers that accept its age.
 * No plain single flight: a caller may need a reading that started after the current one.
 */
export class SharedRead<T> {
  readonly #read: () => Promise<T>
  readonly #clock: Clock
  #flight: Reading<Promise<T>> | undefined
  #latest: Reading<T> | undefined

  constructor(read: () => Promise<T>, clock: Clock) {
    this.#read = read
    this.#clock = clock
  }

  get latest(): T | undefined {
    return this.#latest?.value
  }

  /**
   * A reading that started at `sinceMs` or later: the latest, the current one, or a new one. Failures are shared, not
   * kept.
   */
  since(sinceMs: number): Promise<T> {
    if (this.#latest && this.#latest.startedAtMs >= sinceMs) return Promise.resolve(this.#latest.value)
    if (this.#flight && this.#flight.startedAtMs >= sinceMs) return this.#flight.value
    const flight = { startedAtMs: this.#clock.now(), value: this.#start() }
    this.#flight = flight
    flight.value.catch(() => {
      if (this.#flight === flight) this.#flight = undefined
    })
    return flight.value
  }

  async #start(): Promise<T> {
    const startedAtMs = this.#clock.now()
    const value = await this.#read()
    // An older reading that was overtaken must not replace a newer one.
    if (!this.#latest || this.#latest.startedAtMs <= startedAtMs) this.#latest = { startedAtMs, value }
    return value
  }
}
