/** All limits of the doctor. The last word of a name is its unit. */
export const doctorLimits = {
  /** A workflow's token has 1,000 requests an hour and repository. */
  requestsMax: 100,
  requestTimeoutMs: 10_000,
  wholeTimeoutMs: 180_000,
  answerBytesMax: 2_000_000,
  /** How long a check waits for something to show. */
  waitMsMax: 30_000,
  pollIntervalMs: 1_000,
  /** What counts as soon enough: a claim lives two minutes, and a token should not take longer than this. */
  soonMs: 10_000,
  /** The verifier takes an artifact for older than its claim from so much on. */
  clockSkewMsMax: 30_000,
  conditionalTries: 3,
  /** How much of a seen value is in the report. */
  seenCharsMax: 200,
} as const
