/** Every bound of the system that more than one part must agree on. The unit is the last word of the name. */
export const limits = {
  /**
   * A minute or two is enough to show a code; longer only lengthens an attacker's window
   * (docs/facts/github.md#what-a-shown-code-proves).
   */
  claimLifetimeMsDefault: 120_000,
  claimLifetimeMsMax: 600_000,
  /** GitHub's own tokens live 300 s; relying parties are tuned to it. */
  tokenLifetimeSeconds: 300,
  /** `nbf` is a little in the past for verifiers whose clock is behind. */
  tokenNotBeforeSkewSeconds: 30,
  /** An attestation is used at once; a minute covers a signer that restarts. */
  attestationLifetimeSeconds: 120,
  /** Proxies commonly cut idle requests at 30 s or 60 s. */
  exchangeHoldMs: 25_000,
  exchangeRetryAfterSeconds: 1,
  claimBodyBytesMax: 8_192,
  attestationBytesMax: 16_384,
  /** GitHub sends run, job and list bodies of some 10-400 kB; more is a fault or an attack. */
  githubBodyBytesMax: 4_194_304,
  githubRequestTimeoutMs: 10_000,
  /** A CSR of a P-256 key is some 500 bytes; four platforms at most. */
  buildBodyBytesMax: 32_768,
  /** Access tokens live this long at most, and never longer than the run: each build confirms it again. */
  accessTokenLifetimeSeconds: 3_600,
  /** Past this a request for a builder is given up as `no_capacity`. */
  builderQueueMsMax: 300_000,
  /** A client that neither is connected nor says that it lives for this long is gone. Depot's says so every 5 s. */
  clientGoneMs: 120_000,
  /** JWKS documents are cached this long by well-behaved relying parties. */
  jwksMaxAgeSeconds: 300,
} as const
