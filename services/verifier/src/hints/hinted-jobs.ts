import type { JobId } from '@forkproof/contracts/ids'
import type { RunHint } from '@forkproof/contracts/run-hint'
import type { Clock } from '@forkproof/infra/clock'
import { ExpiringMap } from '../github/expiring-map.ts'
import type { GithubRun } from '../github/schemas.ts'
import { hintLimits } from './hint-limits.ts'

type JobHint = Extract<RunHint, { about: 'job' }>

/**
 * Jobs that webhooks told of as in progress. It saves the first reading of a job that a claim names, which only refuses
 * a wrong one early: the job is read before a token is made, whatever was told.
 */
export class HintedJobs {
  readonly #running: ExpiringMap<JobHint | undefined>

  constructor(clock: Clock) {
    this.#running = new ExpiringMap(clock, hintLimits.jobRememberedMs, hintLimits.jobEntriesMax)
  }

  hear(hint: RunHint): void {
    if (hint.about === 'job') this.#running.set(hint.jobId, hint.action === 'in_progress' ? hint : undefined)
  }

  saysRunning(jobId: JobId, run: GithubRun): boolean {
    const hint = this.#running.get(jobId)
    return (
      hint !== undefined &&
      hint.runId === String(run.id) &&
      hint.repositoryId === String(run.repository.id) &&
      hint.attempt === String(run.run_attempt)
    )
  }
}
