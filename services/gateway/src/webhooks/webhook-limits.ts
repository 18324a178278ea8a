/** Bounds of receiving webhooks. The unit ends each name. */
export const webhookLimits = {
  /** One in use, and one that replaces it or that it replaces. */
  secretsMax: 2,
  /**
   * GitHub caps payloads at 25 MB, which `push` and others reach. The three events that are read here have some
   * 10-60 kB: the largest text in them is a pull request's description, 65,536 characters, and each may take six bytes
   * (docs/facts/github.md#webhooks).
   */
  bodyBytesMax: 1_048_576,
  /** Bodies that are being received at once: what strangers can make this process hold is this many bodies. */
  bodiesAtOnceMax: 32,
  bodiesPerAddressMax: 16,
  /** As long as the listener gives a request to arrive. */
  bodyMsMax: 10_000,
  /** Deliveries that are remembered; one takes some 200 bytes. */
  rememberedMax: 20_000,
  /** GitHub delivers again, when asked to, what it tried within three days; a repeat after this does no harm either. */
  rememberedMs: 3_600_000,
} as const
