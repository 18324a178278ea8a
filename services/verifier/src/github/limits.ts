/** Bounds of talking to GitHub that only this service needs; the unit is the last word of each name. */
export const githubLimits = {
  credentialsMax: 50,
  /** Secondary limits allow 100 at once (facts C2); other deps share the credential. */
  concurrentRequestsMax: 20,
  /** Waiting behind those; beyond it the service is overloaded and says so. */
  queuedRequestsMax: 2_000,
  /** Four addresses for each of 500 runs at once; a parsed list takes some 3-60 kB. */
  etagEntriesMax: 2_000,
  pageSizeMax: 100,
  pagesMax: 5,
  /** GitHub asks for a minute's silence when a secondary limit names no time (facts C2). */
  secondaryLimitMsMin: 60_000,
  secondaryLimitMsMax: 3_600_000,
  /** A refused credential is tried again after this long: 401s also happen during GitHub's incidents. */
  refusedCredentialMs: 300_000,
  /** Below this share of the hourly budget everything slows down. */
  lowBudgetShare: 0.1,
  lowBudgetSlowdownFactor: 4,
  jobLogCodesMax: 1_000,
} as const
