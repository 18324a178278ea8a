import { challengeStepName } from '@forkproof/contracts/challenge'
import { isUnderWay, jobBelongs } from '../core/check-job.ts'
import { clockSkewMs } from '../core/limits.ts'
import type { ChannelReader } from './channel-reader.ts'

/**
 * A step whose whole name is the agreed words and the code, in a running job of the attempt
 * (docs/facts/github.md#step-names).
 */
export const stepNameChannel: ChannelReader<'step-name'> = {
  find: (spec, { run, jobs }) => {
    const name = challengeStepName(spec.challengeCode)
    const sinceMs = spec.claimedAtMs - clockSkewMs
    const job = jobs.find(
      candidate =>
        jobBelongs(candidate, run) &&
        isUnderWay(candidate) &&
        candidate.steps.some(step => step.name === name && (step.started_at ?? 0) >= sinceMs),
    )
    return job && { jobId: job.id }
  },
}
