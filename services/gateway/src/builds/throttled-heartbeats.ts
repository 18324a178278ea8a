import type { Clock } from '@forkproof/infra/clock'
import { RateLimiter } from '../throttling/rate-limiter.ts'
import type { Heartbeats } from './ports.ts'

/** Clients send one every 5 or 10 s, perhaps for each platform. */
const perMinute = 60
const atOnceMax = 10

/**
 * Passes on only as many heartbeats of one build as a node can use; the rest are dropped silently. Builds are not
 * looked up.
 */
export function throttledHeartbeats(heartbeats: Heartbeats, clock: Clock): Heartbeats {
  const limiter = new RateLimiter({ perMinute, burst: atOnceMax })
  return {
    alive: buildId => {
      if (limiter.tryTake(buildId, clock.now())) heartbeats.alive(buildId)
    },
  }
}
