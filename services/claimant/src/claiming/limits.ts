/** All limits of claiming. The last word of a name is its unit. */
export const claimantLimits = {
  /** A claim, a problem or a sealed token is a few kilobytes (sealedTokenBytesMax in shared/contracts/limits.ts). */
  responseBodyBytesMax: 65_536,
  requestTimeoutMs: 10_000,
  /** The issuer holds an exchange for up to 25 s (exchangeHoldMs, shared/contracts/limits.ts); the rest is transfer. */
  exchangeTimeoutMs: 40_000,
  /** The request `shown` is only a hint, so it must not live longer than its use. */
  shownTimeoutMs: 5_000,
  backoffFirstMs: 250,
  backoffMaxMs: 5_000,
  /** The longest pause before a pending claim is asked for again, whatever Retry-After says. */
  retryAfterMsMax: 30_000,
  /** The least pause: `Retry-After: 0` must not become a busy loop. */
  retryAfterMsMin: 200,
  pendingRetryAfterMsDefault: 1_000,
  /**
   * As often as Depot's clients (docs/facts/depot.md#claim-contract).
   * The runner drops lines under load, so one line is not enough (docs/facts/github.md#runner).
   */
  sentenceIntervalMs: 1_000,
  /** The hint that the code is out goes with every such line: the verifier takes no more (shownAgainMs there). */
  sentencesPerHint: 5,
  timeoutSecondsMin: 5,
  /** Longer than one claim lives (two minutes unless the operator says otherwise), so that there is a second try. */
  timeoutSecondsDefault: 300,
  timeoutSecondsMax: 600,
  /** Claims of one run of the client: the first and those after passing refusals. */
  claimsMax: 10,
  /** Pause before another claim; it doubles with each, and half of it is random. */
  claimAgainFirstMs: 1_000,
  claimAgainMaxMs: 30_000,
  /** With less time left than this, another claim is not worth its cost to the issuer. */
  claimAgainLeftMsMin: 2_000,
  /** A refusal within this time of the claim's end counts as its end: two clocks differ, and so much is harmless. */
  expirySkewMs: 15_000,
  /** The answer to a claim that is over comes by then. After it, a claim without an answer is given up for another. */
  expiryGraceMs: 20_000,
  /** No claim is given up earlier, however early it ends by the issuer's clock. */
  claimPatienceMsMin: 60_000,
  discoveryTimeoutMs: 3_000,
  /** How much of a server's text is shown in a log. */
  foreignTextCharsMax: 400,
} as const
