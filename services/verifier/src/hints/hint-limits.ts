/** What hints may cause. The unit ends each name. */
export const hintLimits = {
  /** A hint of ours takes some 200 bytes; longer ones are not read. */
  textCharsMax: 1_024,
  /**
   * Readings of one run that hints may cause: so many at once, then ever more apart. At most some 23 in ten minutes,
   * whoever sends; polling alone makes 40.
   */
  wakesAtOnceCount: 8,
  wakeGapMs: 250,
  wakeGapMsMin: 1_000,
  wakeGapMsMax: 60_000,
  wakeWindowMs: 600_000,
  plannedWakesMax: 8,
  /** GitHub's API may show an end later than its webhook tells of it. */
  endedAgainMs: [0, 1_000, 3_000, 8_000],
  pullRequestAgainMs: [0, 2_000],
  /** The end of a run that nobody watches yet: a build that is being confirmed is watched soon. */
  endedRememberedMs: 60_000,
  endedEntriesMax: 10_000,
  /** Longer than most jobs take until they claim. */
  jobRememberedMs: 3_600_000,
  jobEntriesMax: 20_000,
  /** A repository whose webhooks were heard within this time is taken to send them. */
  repositoryRememberedMs: 3_600_000,
  repositoryEntriesMax: 10_000,
  /** How much rarer the polls of a build's run are where webhooks are heard, and never rarer than this. */
  safetyPollFactor: 4,
  safetyPollMsMax: 120_000,
} as const
