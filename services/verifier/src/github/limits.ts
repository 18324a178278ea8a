/** Limits of requests to GitHub. The unit ends each name. */
export const githubLimits = {
  credentialsMax: 50,
  /**
   * Secondary limits allow 100 at once (docs/facts/github.md#secondary-rate-limits); other tools share the credential.
   */
  concurrentRequestsMax: 20,
  /** Requests that wait for a place. Beyond this the service is overloaded and says so. */
  queuedRequestsMax: 2_000,
  /** Four addresses for each of 500 runs at once; a parsed list takes some 3-60 kB. */
  etagEntriesMax: 2_000,
  pageSizeMax: 100,
  pagesMax: 5,
  /** Events of a pull request come oldest first; of one with more than these its base is not known. */
  eventPagesMax: 3,
  /**
   * GitHub asks for a minute's pause when a secondary limit names no time (docs/facts/github.md#secondary-rate-limits).
   */
  secondaryLimitMsMin: 60_000,
  secondaryLimitMsMax: 3_600_000,
  /** A refused credential is tried again after this pause: GitHub also answers 401 during incidents. */
  refusedCredentialMs: 300_000,
  /** A policy that refuses a repository is asked about again after this time: its owner may have changed it. */
  refusalRememberedMs: 600_000,
  admittedRetryMs: 60_000,
  refusalEntriesMax: 10_000,
  /** Below this share of the hourly limit polls slow down. */
  lowBudgetShare: 0.1,
  lowBudgetSlowdownFactor: 4,
  /** GitHub always says when the hour ends. If an answer does not, ask again after this time. */
  unknownResetMs: 60_000,
  /** Requests that claims under way may still need. New ones are turned away before these are touched. */
  openClaimsReserve: 30,
  /** A request whose turn comes within this time waits for it. */
  pointsWaitMsMax: 3_000,
  jobLogCodesMax: 1_000,
} as const
