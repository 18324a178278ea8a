import { type Channel, channelReads, type RunReading } from '@forkproof/contracts/channels'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import type { NudgeKind } from '@forkproof/contracts/subjects'
import type { RunRefusal } from '../core/run-decision.ts'
import type { VerifiedRun } from '../core/verify-run.ts'
import type { GithubTime } from './github-time.ts'
import { pollLimits } from './limits.ts'
import { delayMs, firstPollMs, nextPollMs, type PolledList } from './poll-schedule.ts'

export type WatchResult = { readonly kind: 'verified'; readonly run: VerifiedRun } | RunRefusal

/** What the polls of one list did for a claim. */
interface ListPolls {
  lastPollMs: number | undefined
  countedUnshown: number
}

/** One claim while it is watched: its poll schedule and its end. */
export class ClaimWatch {
  readonly spec: ClaimSpec
  /** Channels that were asked for and that this service can read. */
  readonly channels: readonly Channel[]
  readonly result: Promise<WatchResult>
  #shownAtMs: number | undefined
  #shownAgainAtMs: number | undefined
  #askedAtMs: number | undefined
  /** Set by the first check; the same attempt must still be the latest at the end. */
  attempt: number | undefined
  phase: 'checking' | 'watching' | 'confirming' | 'settled' = 'checking'
  readonly #polls: Readonly<Record<PolledList, ListPolls>> = {
    artifacts: { lastPollMs: undefined, countedUnshown: 0 },
    jobs: { lastPollMs: undefined, countedUnshown: 0 },
  }
  readonly #githubTime: Pick<GithubTime, 'aheadMs'>
  readonly #settle: (result: WatchResult) => void

  constructor(spec: ClaimSpec, usable: ReadonlySet<Channel>, githubTime: Pick<GithubTime, 'aheadMs'>) {
    this.spec = spec
    this.#githubTime = githubTime
    this.channels = spec.channels.filter(channel => usable.has(channel))
    const { promise, resolve } = Promise.withResolvers<WatchResult>()
    this.result = promise
    this.#settle = resolve
  }

  /** The claim with its start in GitHub's time, to be compared with the times that GitHub gives. */
  get specInGithubTime(): ClaimSpec {
    return { ...this.spec, claimedAtMs: this.spec.claimedAtMs + this.#githubTime.aheadMs }
  }

  /** When the claimant first said that the code is out. */
  get shownAtMs(): number | undefined {
    return this.#shownAtMs
  }

  reads(what: RunReading): boolean {
    return this.channels.some(channel => channelReads(channel, what))
  }

  /** Whether the nudge changes when the next poll is due. Anybody may send one, so floods of them must not. */
  nudge(kind: NudgeKind, atMs: number): boolean {
    if (kind === 'asked') {
      this.#askedAtMs = atMs
      return true
    }
    const lastMs = this.#shownAgainAtMs ?? this.#shownAtMs
    if (lastMs !== undefined && atMs < lastMs + pollLimits.shownAgainMs) return false
    if (this.#shownAtMs === undefined) this.#shownAtMs = atMs
    else this.#shownAgainAtMs = atMs
    return true
  }

  /** When this claim wants that list polled; undefined when it does not. */
  nextPollMs(list: PolledList): number | undefined {
    const first = firstPollMs(this.channels, list)
    if (this.phase !== 'watching' || first === undefined) return undefined
    return nextPollMs({
      claimedAtMs: this.spec.claimedAtMs,
      firstPollMs: first,
      shownAtMs: this.#shownAtMs === undefined ? undefined : this.#shownAtMs + delayMs(this.channels, list),
      shownAgainAtMs: this.#shownAgainAtMs,
      askedAtMs: this.#askedAtMs,
      ...this.#polls[list],
    })
  }

  /** `counted`: whether the poll cost something. */
  polled(list: PolledList, atMs: number, counted: boolean): void {
    const polls = this.#polls[list]
    polls.lastPollMs = atMs
    if (counted && this.#shownAtMs === undefined) polls.countedUnshown += 1
  }

  /** When reading the live log for this claim begins; undefined when it is not read. */
  get logFromMs(): number | undefined {
    if (this.phase !== 'watching' || !this.reads('live log')) return undefined
    return this.spec.claimedAtMs + delayMs(this.channels, 'jobs')
  }

  settle(result: WatchResult): void {
    this.phase = 'settled'
    this.#settle(result)
  }
}
