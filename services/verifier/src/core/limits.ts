/** GitHub's clock, ours and the whole seconds in its answers may differ by this much. A code is older than its claim in no case. */
export const clockSkewMs = 30_000
