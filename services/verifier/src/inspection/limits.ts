/** Limits of inspections and of watching runs for builds. The unit ends each name. */
export const inspectionLimits = {
  /** A reading this young serves another build of the same run. */
  freshMs: 1_000,
  /**
   * GitHub shows a new run, attempt or job with a delay (docs/facts/github.md#run-states-and-approval). The client that
   * asks for a build is waiting, and the workflow waits 20 s (workflows/inspect/workflow.ts).
   */
  lagRetryMs: [500, 1_000, 1_500, 2_000, 3_000, 4_000],
  faultRetryMs: [250, 500, 1_000, 2_000],
  /** No further try after this long: a request that hangs takes 10 s, and the client waits. */
  triesMsMax: 8_000,
  /**
   * While a watched run's status is not `in_progress`, its jobs are read this often. Two readings in a row without a
   * job in progress end the build: a run can wait for days, and the job that built is over.
   */
  lifeEveryMs: 60_000,
  /** A single 404 may be a replica that lags or an incident. */
  missingRetryMs: 1_500,
  pullRequestGraceMs: 2_000,
  /** Share of the pause between two polls of a watched run that is random, so that builds do not poll together. */
  jitterShare: 0.2,
} as const
