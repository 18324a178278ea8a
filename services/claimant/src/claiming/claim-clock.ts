import { setTimeout as delay } from 'node:timers/promises'
import type { ClaimClock } from './claim-deps.ts'

export const systemClaimClock: ClaimClock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
}
