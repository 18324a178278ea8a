import type { AdmittedRun } from '@forkproof/contracts/access'
import type { RefusalReason } from '@forkproof/contracts/errors'
import type { RunFacts } from '@forkproof/contracts/facts'

export { githubTaskQueue } from '../claims/ports.ts'

/** Which run is asked about. Without `eventClass` and `attempt` the newest attempt is described, whatever its kind. */
export interface RunQuestion {
  readonly repository: AdmittedRun['repository']
  readonly runId: AdmittedRun['runId']
  readonly attempt?: AdmittedRun['attempt']
  readonly repositoryId?: string
  readonly eventClass?: AdmittedRun['eventClass']
}

export type RunInspection =
  /** In progress, of that class, the latest attempt. `facts` only for forks' pull requests; `event` and `ref` always. */
  | {
      readonly outcome: 'running'
      readonly event: string
      readonly headRef: string
      readonly workflowPath: string
      readonly repositoryId: string
      readonly attempt: string
      readonly facts?: RunFacts
    }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason; readonly detail?: string }

/** Task queue `github`, served by the verifier. */
export interface InspectActivities {
  /** One look. GitHub that cannot be read is `refused: github_unavailable` after a bounded number of tries. */
  inspectRun(question: RunQuestion): Promise<RunInspection>
  /**
   * Looks now and then (conditional requests, heartbeats) until the run is over, its attempt is no longer the latest, or its repository is
   * not public any more; resolves with why. GitHub being away does not end a build: it is ridden out. Ends by cancellation.
   */
  watchRun(question: RunQuestion): Promise<{ readonly reason: RefusalReason; readonly detail?: string }>
}
