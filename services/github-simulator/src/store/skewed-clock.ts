import type { Clock } from '@forkproof/infra/clock'

/** GitHub's clock, which need not agree with ours. */
export class SkewedClock implements Clock {
  readonly #clock: Clock
  readonly #skewMs: () => number

  constructor(clock: Clock, skewMs: () => number) {
    this.#clock = clock
    this.#skewMs = skewMs
  }

  now(): number {
    return this.#clock.now() + this.#skewMs()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal)
  }
}
