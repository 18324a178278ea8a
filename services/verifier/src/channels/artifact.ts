import { clockSkewMs } from '../core/limits.ts'
import type { ChannelReader } from './channel-reader.ts'

/**
 * An artifact whose whole name is the code. It names no attempt and no job (facts D3): the attempt is bound by time, since a re-run keeps
 * older artifacts listed under the same run id.
 */
export const artifactChannel: ChannelReader = {
  channel: 'artifact',
  find: (order, { run, artifacts }) => {
    const found = artifacts.some(artifact => {
      const owner = artifact.workflow_run
      return (
        artifact.name === order.challengeCode &&
        !artifact.expired &&
        artifact.created_at !== null &&
        artifact.created_at >= order.claimedAtMs - clockSkewMs &&
        owner?.id === run.id &&
        owner.repository_id === run.repository.id &&
        owner.head_sha === run.head_sha
      )
    })
    return found ? { channel: 'artifact' } : undefined
  },
}
