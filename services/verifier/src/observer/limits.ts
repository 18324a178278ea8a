/** How often a run is polled and what that may cost. The unit ends each name; without one it is a plain count. */
export const pollLimits = {
  /** Counted polls of one list of a run that may follow each other quickly. */
  countedBurst: 12,
  /** After the burst one counted poll in this time, shared by all claims of the run. Most are answered 304 and free. */
  countedEveryMs: 2_000,
  /** Pause between two polls of one list, by what is left of the burst: jobs of a matrix then share polls. */
  pollPauses: [
    { fromLevel: 8, pauseMs: 250 },
    { fromLevel: 5, pauseMs: 500 },
    { fromLevel: 1, pauseMs: 1_000 },
  ],
  /** A list of many pages makes the pauses longer, up to this. */
  pollPauseMsMax: 10_000,
  /** Polls after the claim, while the claimant says nothing. 304s are free, so later polls usually cost nothing. */
  unshownPollsMs: [3_000, 8_000, 18_000, 38_000, 68_000, 98_000, 158_000, 248_000, 398_000, 548_000],
  /** No first poll is later than this, whatever the channels. */
  firstPollMsMax: 15_000,
  /** Polls after the first nudge `shown`; then one after each pause, by the time since the last `shown`. */
  shownPollsMs: [0, 250, 500, 750, 1_000, 1_500, 2_000],
  shownPauses: [
    { untilMs: 15_000, pauseMs: 1_000 },
    { untilMs: 45_000, pauseMs: 2_000 },
    { untilMs: Number.POSITIVE_INFINITY, pauseMs: 5_000 },
  ],
  /**
   * A `shown` that repeats another within this time changes nothing. Anybody can send it, so a flood of them must gain
   * no more than the claimant's own repetitions do.
   */
  shownAgainMs: 5_000,
  /** A client that asks for its token is worth a poll, but one that asks every second must not set the schedule. */
  askedPauseMs: 1_000,
  /** Each poll that cost something before the code was shown doubles that pause, up to this. */
  askedPauseMsMax: 30_000,
  askedFirstMs: 3_000,
  /** So many claims of a run each have their own artifact or job read; more of them share one list. */
  aloneMax: 2,
  /** Where many claims name their jobs, a list this young confirms the job of each. The run is read anew anyway. */
  jobsFreshMs: 2_000,
  /** Artifacts of a run that are kept because their names may be codes. */
  knownCodesMax: 2_000,
  /** How long the list stays shared after there were more. */
  sharedMs: 10_000,
  /** Logs of finished jobs that one poll reads. */
  jobLogsPerPollMax: 2,
  /** The same while no claimant has said that its code is out. */
  jobLogsUnshownMax: 1,
  /** Pause between two polls of one run's live log. */
  logPollMs: 400,
  /** With many jobs the live log is polled less often: this much pause for each job. */
  logPollPerJobMs: 25,
  /**
   * A claim that also uses artifacts starts on the jobs and the live log this late, after the claim and again after
   * `shown`: a list of jobs is a counted request, and most codes have been seen by then.
   */
  jobsAfterArtifactMs: 3_000,
  /** Codes seen within this time are confirmed together. */
  matchTogetherMs: 10,
  logBackOffMsMax: 5_000,
  logSessionLostMs: 60_000,
  logJobsMax: 100,
  /** How many times a finished job's log is asked for while GitHub does not have it. */
  jobLogTriesMax: 3,
  /** A reading this young serves another claim's first check. */
  runFreshMs: 1_000,
  /**
   * GitHub's clock may be ahead of ours or behind by this much, which is corrected. With more, relying parties would
   * find our tokens not yet valid, or already expired.
   */
  clockAheadMsMax: 120_000,
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
