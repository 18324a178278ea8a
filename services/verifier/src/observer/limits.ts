/** How often a run is polled and what a claim may cost. The unit ends each name; without one it is counted requests. */
export const pollLimits = {
  /** Least time between two polls of one run, whatever the nudges. */
  pollFloorMs: 250,
  /** After this many counted polls within the window the floor is higher, so that jobs of a matrix share polls. */
  busyPollsCount: 4,
  busyWindowMs: 10_000,
  busyFloorMs: 500,
  /** Polls after the claim, while the claimant says nothing. 304s are free, so later polls usually cost nothing. */
  unshownPollsMs: [3_000, 8_000, 18_000, 38_000, 68_000, 98_000, 158_000, 248_000, 398_000, 548_000],
  /** No first poll is later than this, whatever the channels. */
  firstPollMsMax: 15_000,
  /** Polls after the nudge `shown`; then one every `shownEveryMs`. */
  shownPollsMs: [0, 250, 500, 750, 1_000, 1_500, 2_000],
  shownEveryMs: 2_000,
  /** A client that asks for its token is worth a poll, but one that asks every second must not set the schedule. */
  askedFloorMs: 1_000,
  askedFirstMs: 3_000,
  countedUnshownMax: 2,
  countedMax: 6,
  /** Pause between two polls of one run's live log. */
  logPollMs: 400,
  /** With many jobs the live log is polled less often: this much pause for each job. */
  logPollPerJobMs: 25,
  /**
   * A claim that also uses artifacts starts on the log this late, because the log needs the job list: a counted
   * request.
   */
  logAfterArtifactMs: 3_000,
  /** Codes seen within this time are confirmed together. */
  matchTogetherMs: 10,
  logBackOffMsMax: 5_000,
  logSessionLostMs: 60_000,
  logJobsMax: 100,
  /** How many times a finished job's log is asked for while GitHub does not have it. */
  jobLogTriesMax: 3,
  /** A reading this young serves another claim's first check. */
  runFreshMs: 1_000,
  /** A list of jobs this young tells at a claim's end whether the run lived. */
  lifeFreshMs: 5_000,
  /** The attestation waits this much longer for the pull request's facts than for the run. */
  pullRequestGraceMs: 2_000,
  /** GitHub shows a new run or state with a delay (docs/facts/github.md#run-states-and-approval). */
  runMissingPausesMs: [1_500, 2_000],
  stateLagMs: 30_000,
  lagPausesMs: [1_000, 2_000, 2_000, 3_000, 3_000, 5_000],
  missingRememberedMs: 60_000,
  missingEntriesMax: 10_000,
  backOffMsMin: 250,
  backOffMsMax: 5_000,
  /** A claim that ends while a poll has been unanswered for this long ends as `github_unavailable`. */
  unansweredMs: 2_000,
  /** A code seen in time may be confirmed this much later. The workflow waits 10 s beyond the claim's end. */
  confirmGraceMs: 5_000,
  /** A nudge may arrive before its claim does. */
  nudgeRememberedMs: 30_000,
  nudgeEntriesMax: 10_000,
} as const
