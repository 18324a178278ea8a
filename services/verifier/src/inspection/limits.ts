/** Bounds of looking at runs for builds; the unit ends each name. */
export const inspectionLimits = {
  /** A run read this recently answers another build of it too. */
  freshMs: 1_000,
  /** GitHub shows a new run, attempt or state with a delay (facts F); who asks for a build is waiting. */
  lagRetryMs: [500, 1_000, 1_500, 2_000],
  faultRetryMs: [250, 500, 1_000, 2_000],
  /** No further try after this long: requests that hang take 10 s each, and who asks waits. */
  triesMsMax: 8_000,
  /** A single 404 may be a replica that lags or an incident. */
  missingRetryMs: 1_500,
  pullRequestGraceMs: 2_000,
  /** Of the pause between two looks at a run that is watched: so many builds do not march in step. */
  jitterShare: 0.2,
} as const
