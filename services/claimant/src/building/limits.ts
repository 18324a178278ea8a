/** Every bound of building; the unit is the last word of the name. */
export const buildingLimits = {
  /** The gateway confirms the run at GitHub before it answers. */
  startTimeoutMs: 40_000,
  /** A question about a build is held for up to 20 s; the rest is the network's. */
  stateTimeoutMs: 35_000,
  /** A state that did not change is not asked for again at once, whatever the gateway does. */
  stateIntervalMsMin: 200,
  /** Provisioners give a client up that was not heard of for limits.clientGoneMs (two minutes); Depot's clients speak each 5 s. */
  healthIntervalMs: 10_000,
  healthTimeoutMs: 8_000,
  /** How soon a process that keeps a build alive notices that nobody wants it any more. */
  recordCheckIntervalMs: 1_000,
  progressIntervalMs: 5_000,
  /** The runner kills a cancelled step after 10 s (facts github E3); what is not told by then, the gateway notices by itself. */
  endTimeoutMs: 7_000,
  endAttemptTimeoutMs: 3_000,
  waitSecondsMin: 5,
  /** A little more than limits.builderQueueMsMax, so that the gateway's own reason arrives. */
  waitSecondsDefault: 330,
  waitSecondsMax: 900,
  minutesMax: 120,
  platformsMax: 2,
  pemCharsMax: 8_192,
  recordBytesMax: 4_096,
  /** Output of a helper program that is shown when it fails. */
  programOutputBytesMax: 65_536,
  programTimeoutMs: 30_000,
  /** A command whose builder is gone may hang (docker/buildx#556). */
  orphanGraceMs: 5_000,
} as const
