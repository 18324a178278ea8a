import { GithubFault } from '../github/fault.ts'
import { pollLimits } from './limits.ts'

/** Consecutive failures of reading one run, and when to try again. Full jitter above half, so that runs do not march in step. */
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

  /** Is it certain that GitHub will not be asked again before `endMs`? Only a limit says so; other faults may end at any time. */
  outlasts(endMs: number): boolean {
    return this.#last?.kind === 'limited' && this.#untilMs >= endMs
  }

  /** @throws whatever is not a GithubFault */
  failed(error: unknown, nowMs: number): GithubFault {
    if (!(error instanceof GithubFault)) throw error
    // One failed reading reaches every claim that shared it; it is one failure all the same.
    if (error === this.#last && this.#untilMs > nowMs) return error
    const doubled = Math.min(pollLimits.backOffMsMin * 2 ** this.#failures, pollLimits.backOffMsMax)
    this.#failures = Math.min(this.#failures + 1, 16)
    this.#untilMs = Math.max(nowMs + doubled * (0.5 + this.#random() / 2), error.retryAtMs ?? 0)
    this.#last = error
    return error
  }
}
