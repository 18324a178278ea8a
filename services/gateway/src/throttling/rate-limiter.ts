import { AppError } from '@forkproof/contracts/errors'
import { BoundedMap } from './bounded-map.ts'

/** More keys than a gateway sees at once; one costs about 150 bytes. */
const keysMax = 10_000

/**
 * Token buckets, one per key, kept as GCRA: a single number per key says when its bucket is full again, so there
 * are no timers. Own code, because `rate-limiter-flexible` in memory has a timer per key and no bound on keys, and
 * `@fastify/rate-limit` knows one key per route.
 * docs/glossary.md: rate limit.
 */
export class RateLimiter {
  readonly #fullAgainAtMs = new BoundedMap<string, number>(keysMax)
  readonly #intervalMs: number
  readonly #toleranceMs: number

  /** `perMinute` on average; `burst` at once after a pause (by default a whole minute's worth). */
  constructor(options: { perMinute: number; burst?: number }) {
    this.#intervalMs = 60_000 / options.perMinute
    this.#toleranceMs = this.#intervalMs * ((options.burst ?? options.perMinute) - 1)
  }

  /** Milliseconds until the key may take one more; 0 means now. Takes nothing. */
  waitMs(key: string, nowMs: number): number {
    const full = Math.max(this.#fullAgainAtMs.get(key) ?? 0, nowMs)
    return Math.max(0, full - nowMs - this.#toleranceMs)
  }

  take(key: string, nowMs: number): void {
    const full = Math.max(this.#fullAgainAtMs.get(key) ?? 0, nowMs)
    this.#fullAgainAtMs.set(key, full + this.#intervalMs)
  }

  /** Takes one if there is one. */
  tryTake(key: string, nowMs: number): boolean {
    const free = this.waitMs(key, nowMs) === 0
    if (free) this.take(key, nowMs)
    return free
  }
}

/** Takes one from each, or nothing from any. @throws AppError rate_limited, with the longest wait */
export function takeFromAll(buckets: readonly (readonly [RateLimiter, string])[], nowMs: number): void {
  const waitMs = Math.max(...buckets.map(([limiter, key]) => limiter.waitMs(key, nowMs)))
  if (waitMs > 0) throw new AppError('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / 1_000) })
  for (const [limiter, key] of buckets) limiter.take(key, nowMs)
}
