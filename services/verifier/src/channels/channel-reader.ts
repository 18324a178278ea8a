import type { Channel, ClaimOrder } from '@forkproof/contracts/claim'
import type { Sighting } from '../core/verify-run.ts'
import type { Artifact, Job, WorkflowRun } from '../github/schemas.ts'

/** What has been read of a run so far. Grows and is replaced by the observer; channels only look. */
export interface RunView {
  readonly run: WorkflowRun
  readonly artifacts: readonly Artifact[]
  readonly jobs: readonly Job[]
  /** By REST job id: codes that stand alone in a line of a step that is running now. */
  readonly liveCodes: ReadonlyMap<number, ReadonlySet<string>>
  /** By REST job id: the same, of the whole log of a finished job. */
  readonly finishedCodes: ReadonlyMap<number, ReadonlySet<string>>
}

/** Where a code can be shown. Pure: the same view gives the same answer. */
export interface ChannelRule {
  readonly channel: Channel
  find(order: ClaimOrder, view: RunView): Sighting | undefined
}
