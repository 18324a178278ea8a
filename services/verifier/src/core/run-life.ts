import type { GithubJob, GithubRun } from '../github/schemas.ts'
import { isUnderWay, jobBelongs } from './check-job.ts'
import { fine, notYet, type RunDecision } from './run-decision.ts'

/** Whether the run's own status says that it goes on. Any other word may stand there while jobs run. */
export const saysInProgress = (run: GithubRun): boolean => run.status === 'in_progress'

/** Whether this job is a sign of the run's life. Jobs of older attempts are none. */
const isRunningJob = (job: GithubJob, run: GithubRun): boolean => jobBelongs(job, run) && isUnderWay(job)

/**
 * Whether a run goes on that is not completed. GitHub shows the status of the least advanced job, so that a run reads
 * `queued` or `waiting` while other jobs of it run (docs/facts/github.md#run-states-and-approval). So any job of the
 * attempt in progress is life, whatever word the run's status is. Without one it may just lag. Pure.
 */
export function checkLife(run: GithubRun, jobs: readonly GithubJob[]): RunDecision {
  if (saysInProgress(run) || jobs.some(job => isRunningJob(job, run))) return fine
  const status = run.status.slice(0, 64)
  return notYet('run_not_in_progress', `the run is ${status}, and none of its jobs is in progress`)
}
