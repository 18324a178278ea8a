import type { ClaimSpec } from '@forkproof/contracts/claim'
import { jobBelongs } from '../core/check-job.ts'
import { clockSkewMs } from '../core/limits.ts'
import { githubLimits } from '../github/limits.ts'
import type { GithubJob, GithubRun } from '../github/schemas.ts'
import type { ChannelReader } from './channel-reader.ts'
import { shownCodes } from './shown-code.ts'

/** The agreed sentence as a whole line in the log of a job that has finished while its run goes on (facts B4). */
export const jobLogChannel: ChannelReader = {
  channel: 'job-log',
  find: (order, { run, jobs, finishedCodes }) => {
    const job = jobs.find(
      candidate => mayHold(candidate, run, order) && finishedCodes.get(candidate.id)?.has(order.challengeCode),
    )
    return job && { channel: 'job-log', jobId: job.id }
  },
}

/** Is this job's log worth a request for that claim? */
export const mayHold = (job: GithubJob, run: GithubRun, order: ClaimSpec): boolean =>
  jobBelongs(job, run) &&
  job.status === 'completed' &&
  job.completed_at !== null &&
  job.completed_at >= order.claimedAtMs - clockSkewMs

const logTimestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,9}Z (.*)$/

/** Codes in a downloaded log: UTF-8 with a byte order mark, each line after a logTimestamp (facts E3). Lines without one are ignored. */
export function codesOfJobLog(text: string): ReadonlySet<string> {
  const lines = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .flatMap(line => logTimestamp.exec(line.replace(/\r$/, ''))?.[1] ?? [])
  return shownCodes(lines, githubLimits.jobLogCodesMax)
}
