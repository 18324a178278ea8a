import { limits } from '@forkproof/contracts/limits'

/** Bounds of one connection and one request. */
export const httpLimits = {
  bodyBytesMax: limits.claimBodyBytesMax,
  /** An exchange needs no body; what old clients send by habit is read and dropped. */
  ignoredBodyBytesMax: 1_024,
  headerBytesMax: 8_192,
  headersTimeoutMs: 5_000,
  /** The whole request, headers and body; not the answer, which may be held. */
  requestTimeoutMs: 10_000,
  /** How often the two times above are looked at. */
  timeoutCheckMs: 1_000,
  /** What is still read of a body that the answer did not wait for; more than any client of ours sends. */
  drainBytesMax: 16 * 1_048_576,
  /** As long as a body may take that the answer does wait for. */
  drainMsMax: 10_000,
  /** Longer than an exchange is held, or the socket would be cut while it waits. */
  idleSocketTimeoutMs: limits.exchangeHoldMs + 15_000,
  /** A claimant asks again at once after a hold; proxies in front reuse connections. */
  keepAliveTimeoutMs: 15_000,
  paramLengthMax: 100,
} as const
