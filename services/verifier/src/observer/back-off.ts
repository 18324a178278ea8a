import { backOffMs } from '@forkproof/infra/back-off'
import { GithubFault } from '../github/fault.ts'
import { pollLimits } from './limits.ts'

/**
 * Consecutive failures of reading one run, and when to try again. The upper half of each wait is random, so that runs
 * do not retry together. No loop of its own: several claims share the state, and a poll waits for whichever is due
 * first.
 */
export class BackOff {
  readonly #random: () => number
  #failures = 0
  #untilMs = 0
  #last: GithubFault | undefined

  constructor(random: () => number) {
    this.#random = random
  }

  get untilMs(): number {
    return this.#untilMs
  }

  /** The fault of the latest reading, undefined when it went well. */
  get fault(): GithubFault | undefined {
    return this.#last
  }

  succeeded(): void {
    this.#failures = 0
    this.#untilMs = 0
    this.#last = undefined
  }

  /**
   * Whether GitHub certainly stays unreadable until `endMs`. Only a rate limit and a policy say so; other faults may
   * end at any time.
   */
  outlasts(endMs: number): boolean {
    if (this.#last?.isFinal) return true
    return this.#last?.kind === 'limited' && this.#untilMs >= endMs
  }

  /** @throws whatever is not a GithubFault */
  failed(error: unknown, nowMs: number): GithubFault {
    if (!(error instanceof GithubFault)) throw error
    // Every claim that shared a failed reading reports it; it counts once.
    if (error === this.#last && this.#untilMs > nowMs) return error
    this.#failures += 1
    const waitMs = backOffMs(
      this.#failures,
      { minMs: pollLimits.backOffMsMin, maxMs: pollLimits.backOffMsMax },
      this.#random,
    )
    this.#untilMs = Math.max(nowMs + waitMs, error.retryAtMs ?? 0)
    this.#last = error
    return error
  }
}
