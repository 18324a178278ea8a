import type { RunHint } from '@forkproof/contracts/run-hint'
import type { Clock } from '@forkproof/infra/clock'
import { ExpiringMap } from '../github/expiring-map.ts'
import { hintLimits } from './hint-limits.ts'

/**
 * Which repositories send webhooks about their runs. There the polls that watch a build's run may be rarer: they only
 * catch what a webhook missed. One missed end is enough to go back to polling.
 */
export class HintedRepositories {
  readonly #heard: ExpiringMap<boolean>

  constructor(clock: Clock) {
    this.#heard = new ExpiringMap(clock, hintLimits.repositoryRememberedMs, hintLimits.repositoryEntriesMax)
  }

  /** Only what tells of runs counts: who hears of jobs alone would not hear of an end. */
  hear({ about, repositoryId }: RunHint): void {
    if (about === 'run') this.#heard.set(repositoryId, true)
  }

  /** A run of it ended, and no webhook told. */
  missed(repositoryId: string): void {
    this.#heard.set(repositoryId, false)
  }

  /** The pause between two polls of a run, by what it is without webhooks. */
  safetyPauseMs(repositoryId: string | undefined, everyMs: number): number {
    const isHeard = repositoryId !== undefined && this.#heard.get(repositoryId) === true
    if (!isHeard) return everyMs
    return Math.max(everyMs, Math.min(everyMs * hintLimits.safetyPollFactor, hintLimits.safetyPollMsMax))
  }
}
