import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import { jobBelongs } from '../core/check-job.ts'
import { clockSkewMs } from '../core/limits.ts'
import { githubLimits } from '../github/limits.ts'
import type { GithubJob, GithubRun } from '../github/schemas.ts'
import type { ChannelReader } from './channel-reader.ts'
import { shownCodes } from './shown-code.ts'

/**
 * The agreed sentence as a whole line in the log of a job that has finished while its run goes on
 * (docs/facts/github.md#log-of-a-finished-job).
 */
export const jobLogChannel: ChannelReader<'job-log'> = {
  find: (spec, { run, jobs, finishedCodes }) => {
    const job = jobs.find(
      candidate => mayHold(candidate, run, spec) && finishedCodes.get(candidate.id)?.has(spec.challengeCode),
    )
    return job && { jobId: job.id }
  },
}

/** Whether this job's log is worth a request for that claim. */
export const mayHold = (job: GithubJob, run: GithubRun, spec: ClaimSpec): boolean =>
  jobBelongs(job, run) &&
  job.status === 'completed' &&
  job.completed_at !== null &&
  job.completed_at >= spec.claimedAtMs - clockSkewMs

const logTimestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,9}Z (.*)$/

/**
 * Codes in a downloaded log (docs/facts/github.md#job-logs): UTF-8 with a byte order mark, a timestamp before each
 * line. Lines without a timestamp are ignored.
 */
export function codesOfJobLog(text: string): ReadonlySet<string> {
  const lines = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .flatMap(line => logTimestamp.exec(line.replace(/\r$/, ''))?.[1] ?? [])
  return shownCodes(lines, githubLimits.jobLogCodesMax)
}
