import { clockSkewMs } from '../core/limits.ts'
import type { ChannelReader } from './channel-reader.ts'

/**
 * An artifact whose whole name is the code. It names no attempt and no job (docs/facts/github.md#artifacts).
 * The attempt is bound by time, because a re-run keeps older artifacts listed under the same run id. Both times of that
 * comparison are GitHub's own.
 */
export const artifactChannel: ChannelReader<'artifact'> = {
  find: (spec, { run, artifacts }) => {
    const found = artifacts.some(artifact => {
      const owner = artifact.workflow_run
      return (
        artifact.name === spec.challengeCode &&
        !artifact.expired &&
        artifact.created_at !== null &&
        artifact.created_at >= spec.claimedAtMs - clockSkewMs &&
        artifact.created_at >= run.run_started_at &&
        owner?.id === run.id &&
        owner.repository_id === run.repository.id &&
        owner.head_sha === run.head_sha
      )
    })
    return found ? {} : undefined
  },
}
