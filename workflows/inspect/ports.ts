import type { RefusalReason } from '@forkproof/contracts/errors'
import type { RunInspection, RunQuestion } from '@forkproof/contracts/inspection'

export { githubTaskQueue } from '../claims/ports.ts'

/** Task queue `github`, served by the verifier. */
export interface InspectActivities {
  /** One look. GitHub that cannot be read is `refused: github_unavailable` after a bounded number of tries. */
  inspectRun(question: RunQuestion): Promise<RunInspection>
  /**
   * Looks now and then (conditional requests, heartbeats) until the run is over, its attempt is no longer the latest,
   * or its repository is not public any more; resolves with why. GitHub being away does not end a build: it is ridden
   * out. Ends by cancellation.
   */
  watchRun(question: RunQuestion): Promise<{ readonly reason: RefusalReason; readonly detail?: string }>
}
