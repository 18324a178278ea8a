import type { Clock } from '@forkproof/infra/clock'

/** Since when the bus has been up, so that silence while it was down is not taken for a client that is gone. */
export class BusUptime {
  readonly #isUp: () => boolean
  readonly #clock: Clock
  #sinceMs: number | undefined

  constructor(isUp: () => boolean, clock: Clock) {
    this.#isUp = isUp
    this.#clock = clock
  }

  /** `undefined` while the bus is down. Exact to the rate of the calls: at least one a second. */
  readonly sinceMs = (): number | undefined => {
    this.#sinceMs = this.#isUp() ? (this.#sinceMs ?? this.#clock.now()) : undefined
    return this.#sinceMs
  }
}
