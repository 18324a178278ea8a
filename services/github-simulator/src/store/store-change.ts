import type { StoredJob, StoredPullRequest, StoredRun } from './stored-types.ts'

type RunAction = 'requested' | 'in_progress' | 'completed'
type PullAction = 'opened' | 'edited' | 'closed' | 'reopened' | 'synchronize'

/** What GitHub tells others of, as it happens. */
export type StoreChange =
  | { kind: 'job'; job: StoredJob }
  | { kind: 'run'; run: StoredRun; action: RunAction }
  /** `before`: the former values that the event names. */
  | { kind: 'pull'; pull: StoredPullRequest; action: PullAction; before: Readonly<StoredPullRequest> }
