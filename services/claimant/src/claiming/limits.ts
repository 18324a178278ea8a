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
  /** The most of Retry-After that is honoured; more would use up the claim's whole time. */
  retryAfterMsMax: 30_000,
  /** The least pause: `Retry-After: 0` must not become a busy loop. */
  retryAfterMsMin: 200,
  pendingRetryAfterMsDefault: 1_000,
  /**
   * As often as Depot's clients (docs/facts/depot.md#claim-contract).
   * The runner drops lines under load, so one line is not enough (docs/facts/github.md#runner).
   */
  sentenceIntervalMs: 1_000,
  timeoutSecondsMin: 5,
  timeoutSecondsDefault: 120,
  timeoutSecondsMax: 600,
  /** How much of a server's text is shown in a log. */
  foreignTextCharsMax: 400,
} as const
