import type { RefusalReason } from '@forkproof/contracts/errors'
import type { RunInspection, RunQuestion } from '@forkproof/contracts/inspection'

/** Task queue `github`, served by the verifier. */
export interface InspectActivities {
  /** One look. GitHub that cannot be read is `refused: github_unavailable` after a bounded number of tries. */
  inspectRun(question: RunQuestion): Promise<RunInspection>
  /**
   * Polls the run (conditional requests, heartbeats) until it is over, its attempt is not the latest or its repository
   * is not public; resolves with the reason. A GitHub that is away does not end a build: polling goes on. Ends by
   * cancellation.
   */
  watchRun(question: RunQuestion): Promise<{ readonly reason: RefusalReason; readonly detail?: string }>
}
