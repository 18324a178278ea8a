/** Bounds of one connection, one call and one message of the Depot-compatible API. */
export const depotLimits = {
  /** The longest message of a client is its progress; requests are some hundred bytes. */
  messageBytesMax: 1_048_576,
  headerBytesMax: 16_384,
  headerPairsMax: 64,
  /** A client has a call for health, one for progress and one of the moment. */
  streamsPerConnectionMax: 32,
  connectionsMax: 2_000,
  /** A matrix of jobs behind one address has two connections each. */
  connectionsPerAddressMax: 200,
  /** From the connection to the first bytes, and for HTTP/1.1 to a whole header. */
  firstBytesMsMax: 10_000,
  /** Health comes every 5 s. */
  idleMsMax: 60_000,
  /** Longer than a start is waited for; each call ends by then, whatever its client does. */
  callMsMax: 40_000,
  /** Progress of one client in one call: five minutes of waiting for a builder, and then the load of an image. */
  progressMsMax: 900_000,
  progressMessagesMax: 2_000,
  /** The longest timeout that a client may ask for. */
  clientTimeoutMsMax: 3_600_000,
  /** What is still read of a message that the answer did not wait for. */
  drainBytesMax: 16 * 1_048_576,
  drainMsMax: 10_000,
  /** What is open when the service stops gets this long. */
  stopMsMax: 3_000,
} as const

/** What a test may set lower. */
export interface DepotBounds {
  readonly firstBytesMsMax: number
  readonly callMsMax: number
  readonly connectionsPerAddressMax: number
}
