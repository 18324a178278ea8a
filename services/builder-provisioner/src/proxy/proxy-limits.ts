/** Bounds of the TLS proxy, to which anybody may connect. */
export const proxyLimits = {
  /** A handshake needs two round trips; the slowest client that is of use has them in a few seconds. */
  handshakeMsMax: 10_000,
  /** When more are shaking hands the oldest is cut: an honest one takes milliseconds, one that stalls gets old. */
  pendingHandshakesMax: 256,
  /** Two file handles each. */
  connectionsMax: 2_048,
  /** A build with several sessions, exporters and a status stream uses fewer than ten. */
  connectionsPerLeaseMax: 64,
  /**
   * After this long without a byte the other side's kernel is asked whether it is still there. A build may be silent
   * for minutes.
   */
  keepAliveMs: 15_000,
  /** One side is done; the other may still flush for this long. */
  halfOpenMsMax: 30_000,
} as const

export type ProxyLimits = { readonly [Name in keyof typeof proxyLimits]: number }
