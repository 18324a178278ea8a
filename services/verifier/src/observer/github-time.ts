import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { clockSkewMs } from '../core/limits.ts'
import type { Fetch } from '../github/bounded-fetch.ts'

/** The least and the most that GitHub's clock can be ahead of ours, in milliseconds. */
interface OffsetRange {
  readonly fromMs: number
  readonly toMs: number
}

interface GithubTimeDeps {
  readonly clock: Clock
  readonly log: Logger
}

/**
 * How far GitHub's clock is ahead of ours, by the `Date` header of its answers (RFC 9110 section 6.6.1). Times of runs
 * and artifacts are GitHub's and those of claims are ours, so they are compared only after this correction.
 */
export class GithubTime {
  readonly #deps: GithubTimeDeps
  #range: OffsetRange = { fromMs: 0, toMs: 0 }
  #isWarned = false

  constructor(deps: GithubTimeDeps) {
    this.#deps = deps
  }

  /** Milliseconds to add to our time; 0 as long as both clocks may be the same, and negative if ours is ahead. */
  get aheadMs(): number {
    const { fromMs, toMs } = this.#range
    return fromMs > 0 ? fromMs : Math.min(toMs, 0)
  }

  /** The same `fetch`, which reads the header of each answer from this origin. */
  measuring(fetch: Fetch, origin: string): Fetch {
    const { clock } = this.#deps
    return async (input, init) => {
      const sentAtMs = clock.now()
      const response = await fetch(input, init)
      const isGithubs = new URL(String(input)).origin === new URL(origin).origin
      const dateMs = Date.parse(response.headers.get('date') ?? '')
      if (isGithubs && !Number.isNaN(dateMs)) this.#learn(dateMs, sentAtMs, clock.now())
      return response
    }
  }

  /** The header has whole seconds and was written some time between request and answer. */
  #learn(dateMs: number, sentAtMs: number, receivedAtMs: number): void {
    const seen = { fromMs: dateMs - receivedAtMs, toMs: dateMs + 999 - sentAtMs }
    const both = { fromMs: Math.max(seen.fromMs, this.#range.fromMs), toMs: Math.min(seen.toMs, this.#range.toMs) }
    this.#range = both.fromMs <= both.toMs ? both : seen
    const isFar = Math.abs(this.aheadMs) > clockSkewMs
    if (isFar && !this.#isWarned) {
      this.#deps.log.error({ delayMs: this.aheadMs }, 'our clock and GitHub’s differ; set this machine’s clock')
    }
    this.#isWarned = isFar
  }
}
