import { backOffMs } from '@forkproof/infra/back-off'

const retry = { minMs: 1_000, maxMs: 60_000 }

/** Warm builders that cannot be created, or die before a lease uses them, are tried at longer and longer intervals. */
export class WarmRetry {
  /** Not before this time another one is tried. */
  afterMs = 0
  #failures = 0

  noteSuccess(): void {
    this.#failures = 0
  }

  noteFailure(nowMs: number): void {
    this.#failures += 1
    this.afterMs = nowMs + backOffMs(this.#failures, retry)
  }
}
