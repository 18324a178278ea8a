const retryMsMin = 1_000
const retryMsMax = 60_000

/** Warm builders that cannot be created, or die before a lease uses them, are tried at longer and longer intervals. */
export class WarmRetry {
  /** Not before this time another one is tried. */
  afterMs = 0
  #failures = 0

  noteSuccess(): void {
    this.#failures = 0
  }

  noteFailure(nowMs: number): void {
    this.afterMs = nowMs + Math.min(retryMsMin * 2 ** this.#failures, retryMsMax)
    this.#failures += 1
  }
}
