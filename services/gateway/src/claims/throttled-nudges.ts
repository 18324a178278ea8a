import type { ClaimId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { RateLimiter } from '../throttling/rate-limiter.ts'
import type { Nudges } from './ports.ts'

const nudgesPerMinute = 300
const nudgesAtOnceMax = 10

/**
 * Passes on no more hints about one claim than a watcher can use; the rest are dropped in silence. Claims are not
 * looked up.
 */
export function throttledNudges(nudges: Nudges, clock: Clock): Nudges {
  const limiter = new RateLimiter({ perMinute: nudgesPerMinute, burst: nudgesAtOnceMax })
  return {
    publish: (claimId: ClaimId, kind) => {
      if (limiter.tryTake(claimId, clock.now())) nudges.publish(claimId, kind)
    },
  }
}
