import type { GithubJob, GithubRun } from '../github/schemas.ts'
import { fine, notYet, type RunDecision, refuse } from './run-decision.ts'

/** Whether this job belongs to this attempt of the run. */
export const jobBelongs = (job: GithubJob, run: GithubRun): boolean =>
  job.run_id === run.id && job.run_attempt === run.run_attempt && job.head_sha === run.head_sha

/** All documented statuses of a job but `in_progress` (docs/facts/github.md#jobs). */
const restingStatuses: ReadonlySet<string> = new Set(['queued', 'waiting', 'requested', 'pending', 'completed'])

/** Whether a runner works on the job. A word that GitHub may add one day must not end honest claims. */
export const isUnderWay = (job: GithubJob): boolean => !restingStatuses.has(job.status)

/**
 * Checks the job that a claim names: it must be of this attempt and in progress.
 * A job that is not listed, or that is queued, may just lag (docs/facts/github.md#step-names). Pure.
 */
export function checkJob(jobs: readonly GithubJob[], jobId: string, run: GithubRun): RunDecision {
  const job = jobs.find(candidate => String(candidate.id) === jobId)
  if (!job) return notYet('job_mismatch', 'the attempt has no such job')
  if (!jobBelongs(job, run)) return refuse('job_mismatch', 'the job belongs to another run, attempt or commit')
  if (job.status === 'completed') return refuse('job_mismatch', 'the job is completed')
  if (!isUnderWay(job)) return notYet('job_mismatch', 'the job is not in progress')
  return fine
}
