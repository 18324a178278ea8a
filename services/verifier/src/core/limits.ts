/**
 * GitHub's clock, ours as corrected in observer/github-time.ts, and the whole seconds in its answers may differ by this
 * much. No valid code is older than its claim.
 */
export const clockSkewMs = 30_000
