import type { GithubJob, GithubRun } from '../github/schemas.ts'
import { fine, notYet, type RunDecision, refuse } from './run-decision.ts'

/** Whether this job belongs to this attempt of the run. */
export const jobBelongs = (job: GithubJob, run: GithubRun): boolean =>
  job.run_id === run.id && job.run_attempt === run.run_attempt && job.head_sha === run.head_sha

/**
 * Checks the job that a claim names: it must be of this attempt and in progress.
 * A job that is not listed, or that is queued, may just lag (docs/facts/github.md#step-names). Pure.
 */
export function checkJob(jobs: readonly GithubJob[], jobId: string, run: GithubRun): RunDecision {
  const job = jobs.find(candidate => String(candidate.id) === jobId)
  if (!job) return notYet('job_mismatch', 'the attempt has no such job')
  if (!jobBelongs(job, run)) return refuse('job_mismatch', 'the job belongs to another run, attempt or commit')
  if (job.status === 'completed') return refuse('job_mismatch', 'the job is completed')
  if (job.status !== 'in_progress') return notYet('job_mismatch', 'the job is not in progress')
  return fine
}
