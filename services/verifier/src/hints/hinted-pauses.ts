import type { RunQuestion } from '@forkproof/contracts/inspection'
import type { RunHint } from '@forkproof/contracts/run-hint'
import type { Clock } from '@forkproof/infra/clock'
import type { RunSources } from '../observer/run-sources.ts'
import { Wakeup } from '../observer/wakeup.ts'
import type { HintedJobs } from './hinted-jobs.ts'
import type { HintedRepositories } from './hinted-repositories.ts'
import type { HintedRuns } from './hinted-runs.ts'

/** What was heard of webhooks, for all that this process watches. */
export interface HeardHints {
  readonly runs: HintedRuns
  readonly repositories: HintedRepositories
  readonly jobs: HintedJobs
}

/** The pauses between two polls of the run of one build. A hint that the run may be over cuts one short. */
export class HintedPauses {
  readonly #question: RunQuestion
  readonly #repositories: HintedRepositories
  readonly #clock: Clock
  readonly #wakeup: Wakeup
  readonly #leave: () => void
  #wokenAtMs: number | undefined
  /** Whether any webhook has told of this run. */
  #wasTold = false

  constructor(
    question: RunQuestion,
    sources: RunSources,
    { runs, repositories }: Pick<HeardHints, 'runs' | 'repositories'>,
    clock: Clock,
  ) {
    this.#question = question
    this.#repositories = repositories
    this.#clock = clock
    this.#wakeup = new Wakeup(clock)
    this.#leave = runs.join({
      runId: question.runId,
      repositoryId: () => question.repositoryId,
      headSha: () => sources.latestRun?.head_sha,
      wants: hint => mayEnd(hint, question),
      wake: () => {
        this.#wokenAtMs = clock.now()
        this.#wasTold = true
        this.#wakeup.wake()
      },
    })
  }

  /** How long to pause where polling alone would pause for `everyMs`. */
  lengthMs(everyMs: number): number {
    return this.#repositories.safetyPauseMs(this.#question.repositoryId, everyMs)
  }

  /** Resolves to when a hint cut it short, in milliseconds since the epoch; undefined after the whole pause. */
  async pause(ms: number, signal: AbortSignal): Promise<number | undefined> {
    await this.#wakeup.until(this.#clock.now() + ms, signal)
    const at = this.#wokenAtMs
    this.#wokenAtMs = undefined
    return at
  }

  /** The run was found to be over. */
  ended(): void {
    const { repositoryId } = this.#question
    if (!this.#wasTold && repositoryId !== undefined) this.#repositories.missed(repositoryId)
  }

  close(): void {
    this.#leave()
  }
}

/**
 * Jobs come and go while a run lives: only what tells of the run or of its pull request is worth a reading. What is
 * told of an older attempt came late.
 */
function mayEnd(hint: RunHint, { attempt }: RunQuestion): boolean {
  if (hint.about === 'job') return false
  if (hint.about === 'pull request' || attempt === undefined) return true
  return hint.action === 'completed' ? Number(hint.attempt) >= Number(attempt) : Number(hint.attempt) > Number(attempt)
}
