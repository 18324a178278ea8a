import { isUnderWay, jobBelongs } from '../core/check-job.ts'
import type { ChannelReader } from './channel-reader.ts'

/**
 * The agreed sentence as a whole line of a step that is running, in the live log pages
 * (docs/facts/github.md#live-log-pages).
 */
export const logChannel: ChannelReader<'log'> = {
  find: (spec, { run, jobs, liveCodes }) => {
    const job = jobs.find(
      candidate =>
        jobBelongs(candidate, run) && isUnderWay(candidate) && liveCodes.get(candidate.id)?.has(spec.challengeCode),
    )
    return job && { jobId: job.id }
  },
}
