import type { AdmittedRun } from '@forkproof/contracts/access'

interface SharedClaims {
  readonly run: AdmittedRun
  /** Path in the repository, such as `.github/workflows/build.yml`. */
  readonly workflowPath?: string
}

export interface ForkPullRequestClaims extends SharedClaims {
  readonly eventClass: 'fork_pull_request'
  readonly baseRef?: string
  readonly authorAssociation?: string
  readonly pullRequestNumber?: string
  readonly pullRequestState?: string
  /** The channel that the run was proven by. */
  readonly proofMethod?: string
}

export interface TrustedClaims extends SharedClaims {
  readonly eventClass: 'trusted'
  readonly event: string
  readonly ref?: string
}

/**
 * What is known of a run, in the words that trust rules use. What is not known is absent, and fails each rule that
 * asks for it.
 */
export type RunClaims = ForkPullRequestClaims | TrustedClaims
