/** Every bound of the claimant; the unit is the last word of the name. */
export const claimantLimits = {
  /** A claim, a problem or a sealed token is a few kilobytes (contracts/limits sealedTokenBytesMax). */
  responseBodyBytesMax: 65_536,
  requestTimeoutMs: 10_000,
  /** The exchange is held for up to 25 s (contracts/limits exchangeHoldMs); the rest is the network's. */
  exchangeTimeoutMs: 40_000,
  /** `shown` only hurries things along, so it may not outlive its use. */
  shownTimeoutMs: 5_000,
  backoffFirstMs: 250,
  backoffMaxMs: 5_000,
  /** What a server may ask for with Retry-After; more would eat the claim's whole time. */
  retryAfterMsMax: 30_000,
  /** What it may not: `Retry-After: 0` must not become a busy loop. */
  retryAfterMsMin: 200,
  pendingRetryAfterMsDefault: 1_000,
  /** The pace of Depot's clients (facts depot A2). The runner drops lines under load (facts github E3), hence again and again. */
  sentenceIntervalMs: 1_000,
  timeoutSecondsMin: 5,
  timeoutSecondsDefault: 120,
  timeoutSecondsMax: 600,
  /** Text of a server that is shown in a log. */
  foreignTextCharsMax: 400,
} as const
