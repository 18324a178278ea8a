/** How often a run is looked at and what a claim may cost. Milliseconds and counted requests; the unit ends each name. */
export const pollLimits = {
  /** Between two looks of one run, whatever the nudges. */
  pollFloorMs: 250,
  /** After this many counted looks within the window the floor is higher: the nudges of a matrix's jobs then share looks. */
  busyPollsCount: 4,
  busyWindowMs: 10_000,
  busyFloorMs: 500,
  /** Without a word from the claimant, after the claim. 304s are free, so later looks usually cost nothing. */
  unshownPollsMs: [3_000, 8_000, 18_000, 38_000, 68_000, 98_000, 158_000, 248_000, 398_000, 548_000],
  /** Whatever the channels. */
  firstPollMsMax: 15_000,
  /** After `shown`; then every `shownEveryMs`. */
  shownPollsMs: [0, 250, 500, 750, 1_000, 1_500, 2_000],
  shownEveryMs: 2_000,
  /** Somebody waits for the token: worth a look, but a client that asks each second must not set the pace. */
  askedFloorMs: 1_000,
  askedFirstMs: 3_000,
  countedUnshownMax: 2,
  countedMax: 6,
  /** The live log, per run. */
  logPollMs: 400,
  /** With many jobs the live log is read less often: about this much time for each. */
  logPollPerJobMs: 25,
  /** A claim that also uses artifacts starts on the log this late: the log needs the job list, a counted request. */
  logAfterArtifactMs: 3_000,
  /** What is seen within this time is confirmed together. */
  matchTogetherMs: 10,
  logBackOffMsMax: 5_000,
  logSessionLostMs: 60_000,
  logJobsMax: 100,
  /** A finished job's log that GitHub does not have yet is asked for this often. */
  jobLogTriesMax: 3,
  /** Readings this young serve another claim's first check. */
  runFreshMs: 1_000,
  /** The attestation waits this much longer for the pull request's facts than for the run. */
  pullRequestGraceMs: 2_000,
  /** GitHub shows a new run or state with a delay (facts F). */
  runMissingMs: 5_000,
  runMissingRetryMs: [1_500, 3_500],
  stateLagMs: 30_000,
  stateRetryMs: [1_000, 2_000, 2_000, 3_000, 3_000, 5_000],
  missingRememberedMs: 60_000,
  missingEntriesMax: 10_000,
  backOffMsMin: 250,
  backOffMsMax: 5_000,
  /** A claim that ends while a look has waited this long for its answer ends because of GitHub. */
  unansweredMs: 2_000,
  /** A code seen in time may be confirmed a little later; the workflow waits 10 s beyond the claim's end. */
  confirmGraceMs: 5_000,
  /** A nudge can arrive before the claim's watch does. */
  nudgeRememberedMs: 30_000,
  nudgeEntriesMax: 10_000,
} as const
