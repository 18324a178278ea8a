import type { Channel } from '@forkproof/contracts/channels'
import type { ClaimSpec } from '@forkproof/contracts/claim'
import type { Sighting } from '../core/verify-run.ts'
import type { GithubArtifact, GithubJob, GithubRun } from '../github/schemas.ts'

/** What has been read of a run so far. Channel readers do not change it. */
export interface RunReadings {
  readonly run: GithubRun
  readonly artifacts: readonly GithubArtifact[]
  readonly jobs: readonly GithubJob[]
  /** By REST job id: codes that stand alone in a line of a running step. */
  readonly liveCodes: ReadonlyMap<number, ReadonlySet<string>>
  /** By REST job id: the same, of the whole log of a finished job. */
  readonly finishedCodes: ReadonlyMap<number, ReadonlySet<string>>
}

/** Finds a code in one channel. Pure: the same readings give the same answer. */
export interface ChannelReader {
  readonly channel: Channel
  find(spec: ClaimSpec, readings: RunReadings): Sighting | undefined
}
