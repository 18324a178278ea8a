import type { Channel } from '@forkproof/contracts/channels'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import type { ClaimId } from '@forkproof/contracts/ids'
import type { NudgeKind } from '@forkproof/contracts/subjects'
import type { Clock } from '@forkproof/infra/clock'
import { refuse } from '../core/run-decision.ts'
import { ExpiringMap } from '../github/expiring-map.ts'
import { type RunTarget, runKey } from '../github/run-target.ts'
import { ClaimWatch, type WatchResult } from './claim-watch.ts'
import type { GithubTime } from './github-time.ts'
import { pollLimits } from './limits.ts'
import type { RunObserver } from './run-observer.ts'

interface ObserverRegistryDeps {
  readonly clock: Clock
  readonly githubTime: GithubTime
  /** Channels that this service can read. */
  readonly usable: ReadonlySet<Channel>
  readonly observe: (target: RunTarget) => RunObserver
}

export interface WatchReport {
  readonly result: WatchResult
  /** Counted requests of the run's observer up to now. */
  readonly counted: number
  readonly shownAtMs: number | undefined
}

/** One observer per run, made for the first claim and closed after the last. */
export class ObserverRegistry {
  readonly #deps: ObserverRegistryDeps
  readonly #observers = new Map<string, RunObserver>()
  readonly #missing: ExpiringMap<true>
  readonly #earlyShown: ExpiringMap<true>

  constructor(deps: ObserverRegistryDeps) {
    this.#deps = deps
    this.#missing = new ExpiringMap(deps.clock, pollLimits.missingRememberedMs, pollLimits.missingEntriesMax)
    this.#earlyShown = new ExpiringMap(deps.clock, pollLimits.nudgeRememberedMs, pollLimits.nudgeEntriesMax)
  }

  /** Runs that are observed now. */
  get size(): number {
    return this.#observers.size
  }

  async watch(spec: ClaimSpec, signal: AbortSignal): Promise<WatchReport> {
    const key = runKey(spec)
    const watch = new ClaimWatch(spec, this.#deps.usable, this.#deps.githubTime)
    const report = (result: WatchResult, counted: number) => ({ result, counted, shownAtMs: watch.shownAtMs })
    if (watch.channels.length === 0) return report(refuse('code_not_seen', 'none of the channels is served here'), 0)
    // Anybody can name runs that do not exist. Each of them costs requests once a minute, not once a claim.
    if (this.#missing.get(key)) return report(refuse('run_not_found'), 0)
    if (this.#earlyShown.get(spec.claimId)) watch.nudge('shown', this.#deps.clock.now())
    const observer = this.#observers.get(key) ?? this.#deps.observe(spec)
    this.#observers.set(key, observer)
    try {
      const result = await observer.watch(watch, signal)
      if (result.kind === 'refused' && result.reason === 'run_not_found') this.#missing.set(key, true)
      return report(result, observer.counted)
    } finally {
      if (observer.idle) {
        observer.close()
        if (this.#observers.get(key) === observer) this.#observers.delete(key)
      }
    }
  }

  nudge(claimId: ClaimId, kind: NudgeKind): void {
    const known = [...this.#observers.values()].map(observer => observer.nudge(claimId, kind))
    if (kind === 'shown' && !known.includes(true)) this.#earlyShown.set(claimId, true)
  }

  close(): void {
    for (const observer of this.#observers.values()) observer.close()
  }
}
