import type { Channel, channelTable } from '@forkproof/contracts/channels'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
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

/** What a channel tells about its job: the one that shows the code, where only that job can. */
type ShownBy<Name extends Channel> = (typeof channelTable)[Name] extends { readonly provesJob: true }
  ? { readonly jobId: number }
  : Record<never, never>

/** Finds a claim's code in one channel. Pure: the same readings give the same answer. */
export interface ChannelReader<Name extends Channel> {
  find(spec: ClaimSpec, readings: RunReadings): ShownBy<Name> | undefined
}
