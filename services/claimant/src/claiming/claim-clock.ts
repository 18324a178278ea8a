import { setTimeout as delay } from 'node:timers/promises'
import type { ClaimClock } from './claim-deps.ts'

export const systemClaimClock: ClaimClock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
}

/** When something has to be done by: the signal aborts at `endsAtMs`, which is milliseconds since the epoch. */
export interface ClaimDeadline {
  readonly signal: AbortSignal
  readonly endsAtMs: number
}

export const deadlineAfter = (ms: number, clock: ClaimClock): ClaimDeadline => ({
  signal: AbortSignal.timeout(ms),
  endsAtMs: clock.now() + ms,
})
