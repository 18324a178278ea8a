/**
 * One row of the closed table of all that can be wrong. It gives the HTTP status in the gateway, `nonRetryable` at
 * Temporal and the rows of docs/errors.md. `title` is the constant text that a client sees; causes go to the log.
 */
export interface ErrorEntry {
  readonly status: number
  readonly title: string
  readonly retryable: boolean
  /** What the claimant tells its user to do. */
  readonly advice?: string
}
/** docs/glossary.md: refusal. */
interface RefusalEntry extends ErrorEntry {
  readonly advice: string
}

/**
 * Why a claim, or a run that wants to build, was refused: an expected outcome, carried as a value through workflow
 * results.
 */
export const refusalTable = {
  // A claim that was looked at and refused: facts of the run.
  event_not_pull_request: {
    status: 403,
    title: 'Only pull_request runs can claim; other events have GitHub’s own OIDC',
    retryable: false,
    advice: 'Runs of other events get a token from GitHub itself: give the job `permissions: id-token: write`.',
  },
  not_a_fork: {
    status: 403,
    title: 'The pull request is not from a fork; use GitHub’s own OIDC',
    retryable: false,
    advice: 'Give the job `permissions: id-token: write`; GitHub itself then issues its token.',
  },
  not_trusted: {
    status: 403,
    title: 'A pull request’s run from a fork cannot build as trusted; claim a token of ours',
    retryable: false,
    advice: 'Claim a token of this issuer in the run, and build with that.',
  },
  head_repository_gone: {
    status: 403,
    title: 'The fork was deleted',
    retryable: false,
    advice: 'Open the pull request again from a fork that exists.',
  },
  run_not_found: {
    status: 404,
    title: 'GitHub shows no such public run',
    retryable: false,
    advice: 'Check the repository’s name and the run id; runs of private repositories cannot be seen from outside.',
  },
  run_not_in_progress: {
    status: 403,
    title: 'The run is not in progress',
    retryable: false,
    advice: 'Claim and build within a job of the run, while it goes on.',
  },
  awaiting_approval: {
    status: 403,
    title: 'The run waits for a maintainer’s approval',
    retryable: false,
    advice: 'Ask a maintainer to approve the run, then run the job again.',
  },
  attempt_not_latest: {
    status: 403,
    title: 'That attempt is not the run’s latest',
    retryable: false,
    advice: 'The run was started again meanwhile; look at its latest attempt.',
  },
  repository_not_public: {
    status: 403,
    title: 'The repository is not public',
    retryable: false,
    advice: 'Only runs of public repositories can be checked from outside.',
  },
  repository_renamed: {
    status: 403,
    title: 'The repository has another name now; claim with that',
    retryable: false,
    advice: 'Update the remote: the repository has another name now.',
  },
  job_mismatch: {
    status: 403,
    title: 'The job does not belong to this attempt or is not in progress',
    retryable: false,
    advice: 'Leave the job id out, or pass `job.check_run_id`.',
  },
  pull_request_changed: {
    status: 403,
    title: 'The pull request was closed or got another base since the run was admitted',
    retryable: false,
    advice: 'Open the pull request again, or push to it for a run of its new base.',
  },
  code_quoted: {
    status: 403,
    title: 'The code stands in text that others can write, such as the title',
    retryable: false,
    advice: 'The code must appear nowhere but in this job; do not copy it into titles or branch names.',
  },
  code_not_seen: {
    status: 403,
    title: 'The code was not seen in the run in time',
    retryable: false,
    advice:
      'Use the Action (it shows the code as an artifact), or the two-step form of the CLI; see `forkproof token --step-name`.',
  },
  // A decided claim, so 4xx: old clients take 5xx as "ask again". Failed Dependency, RFC 4918 section 11.4.
  github_unavailable: {
    status: 424,
    title: 'GitHub could not be read in time; claim again',
    retryable: true,
    advice: 'GitHub could not be read; run the job again later.',
  },
  repository_unreadable: {
    status: 403,
    title: 'GitHub does not let this issuer read that repository; see detail',
    retryable: false,
    advice:
      'A policy of the organization keeps the issuer out; the detail says which. Ask its owner, or the operator of the issuer.',
  },
  repository_not_served: {
    status: 403,
    title: 'This issuer does not serve that repository',
    retryable: false,
    advice: 'Ask the operator of the issuer to add this repository.',
  },
  clock_skewed: {
    status: 424,
    title: 'The issuer’s clock and GitHub’s differ too much',
    retryable: false,
    advice: 'Tell the operator of the issuer to set its machines’ clocks.',
  },
  claim_expired: {
    status: 410,
    title: 'The claim’s time is over',
    retryable: false,
    advice: 'The code was not seen in time; run the job again.',
  },
  // The signer's own refusals. None is reachable without a broken or hostile part of the system.
  attestation_invalid: {
    status: 403,
    title: 'The proof of the run does not verify',
    retryable: false,
    advice: 'Run the job again; if it stays so, tell the operator.',
  },
  attestation_expired: {
    status: 403,
    title: 'The proof of the run is too old',
    retryable: false,
    advice: 'Run the job again; if it stays so, tell the operator.',
  },
  audience_not_signed: {
    status: 403,
    title: 'The signer makes no tokens for that audience',
    retryable: false,
    advice: 'Ask the operator of the issuer to list the audience in the settings of the gateway and of the signer.',
  },
  attestation_mismatch: {
    status: 403,
    title: 'The proof belongs to another claim',
    retryable: false,
    advice: 'Run the job again; if it stays so, tell the operator.',
  },
} as const satisfies Record<string, RefusalEntry>
