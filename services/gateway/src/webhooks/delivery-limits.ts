import type { Clock } from '@forkproof/infra/clock'
import { addressKey } from '../throttling/address-key.ts'
import { RateLimiter, takeFromAll } from '../throttling/rate-limiter.ts'

export interface DeliveryLimitOptions {
  readonly webhooksPerAddress: number
  readonly webhooksPerRepository: number
  readonly webhooksInAll: number
}

const all = 'all'

/**
 * All are per minute. What is not signed counts for its address alone, so that a stranger cannot use up what GitHub
 * needs. Whoever has a repository that is signed for may send what they like: it counts for that repository too.
 */
export class DeliveryLimits {
  readonly #clock: Clock
  readonly #ofAddress: RateLimiter
  readonly #ofRepository: RateLimiter
  readonly #inAll: RateLimiter

  constructor(options: DeliveryLimitOptions, clock: Clock) {
    this.#clock = clock
    this.#ofAddress = new RateLimiter({ perMinute: options.webhooksPerAddress })
    this.#ofRepository = new RateLimiter({ perMinute: options.webhooksPerRepository })
    this.#inAll = new RateLimiter({ perMinute: options.webhooksInAll })
  }

  /** Before the body is read. @throws AppError rate_limited */
  countSender(address: string): void {
    this.#take([[this.#ofAddress, addressKey(address)]])
  }

  /** After the signature was checked. @throws AppError rate_limited */
  countHint({ repositoryId }: { readonly repositoryId: string }): void {
    this.#take([
      [this.#ofRepository, repositoryId],
      [this.#inAll, all],
    ])
  }

  #take(buckets: readonly (readonly [RateLimiter, string])[]): void {
    takeFromAll(buckets, this.#clock.now())
  }
}
