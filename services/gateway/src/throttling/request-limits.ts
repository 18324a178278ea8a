import { AppError } from '@forkproof/contracts/errors'
import type { RepositoryName, RunId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import { addressKey } from './address-key.ts'
import { RateLimiter } from './rate-limiter.ts'

export interface RequestLimitSettings {
  readonly claimsPerAddress: number
  readonly claimsPerRepository: number
  readonly claimsPerRun: number
  readonly asksPerAddress: number
}

/** All are per minute. Each method takes its share, or throws `rate_limited` and takes nothing. */
export class RequestLimits {
  readonly #clock: Clock
  readonly #claimsOfAddress: RateLimiter
  readonly #claimsOfRepository: RateLimiter
  readonly #claimsOfRun: RateLimiter
  readonly #asksOfAddress: RateLimiter

  constructor(settings: RequestLimitSettings, clock: Clock) {
    this.#clock = clock
    this.#claimsOfAddress = new RateLimiter({ perMinute: settings.claimsPerAddress })
    this.#claimsOfRepository = new RateLimiter({ perMinute: settings.claimsPerRepository })
    this.#claimsOfRun = new RateLimiter({ perMinute: settings.claimsPerRun })
    this.#asksOfAddress = new RateLimiter({ perMinute: settings.asksPerAddress })
  }

  /** Before the body is read. */
  admitClaimant(address: string): void {
    this.#take([[this.#claimsOfAddress, addressKey(address)]])
  }

  /** After the body was found good, before anything is started. GitHub's names ignore case. */
  admitClaim(repository: RepositoryName, runId: RunId): void {
    const name = repository.toLowerCase()
    this.#take([
      [this.#claimsOfRepository, name],
      [this.#claimsOfRun, `${name}#${runId}`],
    ])
  }

  admitAsk(address: string): void {
    this.#take([[this.#asksOfAddress, addressKey(address)]])
  }

  #take(buckets: readonly (readonly [RateLimiter, string])[]): void {
    const nowMs = this.#clock.now()
    const waitMs = Math.max(...buckets.map(([limiter, key]) => limiter.waitMs(key, nowMs)))
    if (waitMs > 0) throw new AppError('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / 1_000) })
    for (const [limiter, key] of buckets) limiter.take(key, nowMs)
  }
}
