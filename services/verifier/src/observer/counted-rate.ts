import { pollLimits } from './limits.ts'

/**
 * How often the polls of one list of a run may cost something, for all its claims together: a burst, and after it one
 * in `countedEveryMs`. It bounds a rate and never ends, so that no claim is left alone before its time is over. Polls
 * that are answered 304 spend nothing.
 */
export class CountedRate {
  #level: number = pollLimits.countedBurst
  #atMs: number | undefined

  /** `counted`: requests that cost something. */
  spend(counted: number, nowMs: number): void {
    this.#level = this.levelAt(nowMs) - counted
    this.#atMs = nowMs
  }

  /** Counted requests that may be made at once. Negative after a poll of many pages. */
  levelAt(nowMs: number): number {
    const gained = this.#atMs === undefined ? 0 : (nowMs - this.#atMs) / pollLimits.countedEveryMs
    return Math.min(this.#level + gained, pollLimits.countedBurst)
  }

  /** Milliseconds between the last poll, which left this level, and the next one. */
  get pauseMs(): number {
    const step = pollLimits.pollPauses.find(({ fromLevel }) => this.#level >= fromLevel)
    if (step) return step.pauseMs
    return Math.min((1 - this.#level) * pollLimits.countedEveryMs, pollLimits.pollPauseMsMax)
  }
}
