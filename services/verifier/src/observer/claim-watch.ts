import { type Channel, channelReads, type RunReading } from '@forkproof/contracts/channels'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import type { NudgeKind } from '@forkproof/contracts/subjects'
import type { RunRefusal } from '../core/run-decision.ts'
import type { VerifiedRun } from '../core/verify-run.ts'
import { pollLimits } from './limits.ts'
import { countedLeft, firstPollMs, nextPollMs, type PollState } from './poll-schedule.ts'

export type WatchResult = { readonly kind: 'verified'; readonly run: VerifiedRun } | RunRefusal

/** One claim while it is watched: its poll schedule, its budget and its end. */
export class ClaimWatch implements PollState {
  readonly spec: ClaimSpec
  /** Channels that were asked for and that this service can read. */
  readonly channels: readonly Channel[]
  readonly claimedAtMs: number
  readonly firstPollMs: number
  readonly result: Promise<WatchResult>
  shownAtMs: number | undefined
  shownCount = 0
  askedAtMs: number | undefined
  counted = 0
  lastPollMs: number | undefined
  /** Set by the first check; the same attempt must still be the latest at the end. */
  attempt: number | undefined
  phase: 'checking' | 'watching' | 'confirming' | 'settled' = 'checking'
  readonly #settle: (result: WatchResult) => void

  constructor(spec: ClaimSpec, usable: ReadonlySet<Channel>) {
    this.spec = spec
    this.claimedAtMs = spec.claimedAtMs
    this.channels = spec.channels.filter(channel => usable.has(channel))
    this.firstPollMs = firstPollMs(this.channels)
    const { promise, resolve } = Promise.withResolvers<WatchResult>()
    this.result = promise
    this.#settle = resolve
  }

  reads(what: RunReading): boolean {
    return this.channels.some(channel => channelReads(channel, what))
  }

  nudge(kind: NudgeKind, atMs: number): void {
    if (kind === 'asked') this.askedAtMs = atMs
    else {
      this.shownAtMs = atMs
      this.shownCount += 1
    }
  }

  get nextPollMs(): number | undefined {
    return this.phase === 'watching' ? nextPollMs(this) : undefined
  }

  get countedLeft(): number {
    return countedLeft(this)
  }

  /** When reading the live log for this claim begins; undefined when it is not read. */
  get logFromMs(): number | undefined {
    if (this.phase !== 'watching' || !this.reads('live log')) return undefined
    return this.reads('artifact list') ? this.claimedAtMs + pollLimits.logAfterArtifactMs : this.claimedAtMs
  }

  settle(result: WatchResult): void {
    this.phase = 'settled'
    this.#settle(result)
  }
}
