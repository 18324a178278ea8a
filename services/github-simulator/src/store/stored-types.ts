/** What the simulated github.com knows. Times are epoch milliseconds; ids are GitHub-like safe integers. */

export interface StoredUser {
  id: number
  login: string
  type: 'User' | 'Organization' | 'Bot'
}

export interface StoredRepository {
  id: number
  ownerId: number
  name: string
  visibility: 'public' | 'private'
  defaultBranch: string
  description: string | null
  /** The repository this one was forked from. */
  parentId: number | null
  /** Logins that may read it while it is private, besides its owner. */
  readers: string[]
  createdAt: number
  updatedAt: number
}

export const authorAssociations = [
  'COLLABORATOR',
  'CONTRIBUTOR',
  'FIRST_TIMER',
  'FIRST_TIME_CONTRIBUTOR',
  'MANNEQUIN',
  'MEMBER',
  'NONE',
  'OWNER',
] as const
export type AuthorAssociation = (typeof authorAssociations)[number]

export interface StoredPullRequest {
  id: number
  number: number
  /** The repository the request is made to. */
  repositoryId: number
  authorId: number
  authorAssociation: AuthorAssociation
  /** What those are shown who do not see the organization's private members. */
  associationInPublic: AuthorAssociation
  title: string
  body: string | null
  state: 'open' | 'closed'
  /** Set only while it is closed. */
  mergedAt: number | null
  draft: boolean
  headRepositoryId: number
  headOwnerLogin: string
  headBranch: string
  headSha: string
  baseBranch: string
  baseSha: string
  mergeSha: string
  createdAt: number
  updatedAt: number
}

export const runStatuses = ['requested', 'queued', 'pending', 'waiting', 'in_progress', 'completed'] as const
export type RunStatus = (typeof runStatuses)[number]
export const conclusions = [
  'success',
  'failure',
  'neutral',
  'cancelled',
  'skipped',
  'timed_out',
  'action_required',
] as const
export type Conclusion = (typeof conclusions)[number]

export interface StoredAttempt {
  number: number
  status: RunStatus
  conclusion: Conclusion | null
  startedAt: number
  updatedAt: number
  triggeringActorId: number
  /** The artifact service's name for this attempt, as it stands in runtime tokens. */
  backendId: string
  jobIds: number[]
  /** Its followers were told that it runs. */
  isStarted: boolean
  /** Jobs that wait for others do not exist yet, so the jobs that do cannot end the run. */
  hasJobsToCome: boolean
}

export interface StoredRun {
  id: number
  repositoryId: number
  headRepositoryId: number
  headBranch: string
  headSha: string
  event: string
  path: string
  name: string
  displayTitle: string
  workflowId: number
  runNumber: number
  actorId: number
  /** Which pull request started it; GitHub's answers do not say so for forks. */
  pullNumber: number | null
  createdAt: number
  attempts: StoredAttempt[]
  artifactIds: number[]
}

/** A step as it was from `at` on. A reader with a lag sees an older snapshot. */
export interface StepSnapshot {
  at: number
  name: string
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: Conclusion | null
  startedAt: number | null
  completedAt: number | null
}

export interface StoredStep {
  number: number
  /** The web pages' identifier; REST never shows it. */
  webId: string
  snapshots: [StepSnapshot, ...StepSnapshot[]]
}

export interface LogLine {
  at: number
  step: number
  line: string
}

export interface StoredJob {
  id: number
  runId: number
  attempt: number
  key: string
  name: string
  status: RunStatus
  conclusion: Conclusion | null
  labels: string[]
  runnerName: string | null
  createdAt: number
  startedAt: number
  completedAt: number | null
  /** The web pages' id of the job, which is not the REST id (docs/facts/github.md#live-log-pages). */
  hiddenId: string
  backendId: string
  steps: StoredStep[]
  log: LogLine[]
}

export interface StoredArtifact {
  id: number
  runId: number
  attempt: number
  /** Absent where the control API made it. */
  jobId: number | null
  name: string
  sizeBytes: number
  digest: string | null
  expired: boolean
  createdAt: number
  expiresAt: number
  /** When listings began to show it, without lag; null until finalized. */
  listedAt: number | null
  deletedAt: number | null
  blobId: string | null
}
