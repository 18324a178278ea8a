/** All limits of building. The last word of a name is its unit. */
export const buildingLimits = {
  /** The gateway confirms the run at GitHub before it answers. */
  startTimeoutMs: 40_000,
  /** The gateway holds a read of the state for up to 20 s; the rest is for the network. */
  stateTimeoutMs: 35_000,
  /** Least time between two reads of a state that did not change, whatever the gateway does. */
  stateIntervalMsMin: 200,
  /** A build ends two minutes (limits.clientGoneMs) after its client’s last report. Depot reports every 5 s. */
  healthIntervalMs: 10_000,
  healthTimeoutMs: 8_000,
  /** How soon the process that keeps a build alive notices that the build was given up. */
  recordCheckIntervalMs: 1_000,
  progressIntervalMs: 5_000,
  /**
   * The runner kills a cancelled step after 10 s (docs/facts/github.md#runner).
   * An end that is not reported by then is noticed by the service itself.
   */
  endTimeoutMs: 7_000,
  endAttemptTimeoutMs: 3_000,
  waitSecondsMin: 5,
  /** A little more than limits.builderQueueMsMax, so that the gateway's own reason arrives. */
  waitSecondsDefault: 330,
  waitSecondsMax: 900,
  minutesMax: 120,
  recordBytesMax: 4_096,
  /** Output of a helper program that is shown when it fails. */
  programOutputBytesMax: 65_536,
  programTimeoutMs: 30_000,
  /** How long a command may take to end once its builder is gone: it may hang (docker/buildx#556). */
  orphanGraceMs: 5_000,
} as const
