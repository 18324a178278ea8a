import type { Channel } from '@forkproof/contracts/channels'
import type { ClaimSpec } from '@forkproof/contracts/claim'
import type { Sighting } from '../core/verify-run.ts'
import type { GithubArtifact, GithubJob, GithubRun } from '../github/schemas.ts'

/** What has been read of a run so far. Grows and is replaced by the observer; channels only look. */
export interface RunSnapshot {
  readonly run: GithubRun
  readonly artifacts: readonly GithubArtifact[]
  readonly jobs: readonly GithubJob[]
  /** By REST job id: codes that stand alone in a line of a step that is running now. */
  readonly liveCodes: ReadonlyMap<number, ReadonlySet<string>>
  /** By REST job id: the same, of the whole log of a finished job. */
  readonly finishedCodes: ReadonlyMap<number, ReadonlySet<string>>
}

/** Where a code can be shown. Pure: the same view gives the same answer. */
export interface ChannelReader {
  readonly channel: Channel
  find(order: ClaimSpec, snapshot: RunSnapshot): Sighting | undefined
}
