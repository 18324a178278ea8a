/** All limits of the setup action. The last word of a name is its unit. */
export const setupLimits = {
  /** Some ten times the file's size. */
  cliBytesMax: 20_000_000,
  sumsBytesMax: 65_536,
  attemptTimeoutMs: 30_000,
  wholeTimeoutMs: 120_000,
} as const
