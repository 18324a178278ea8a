import type { RestViewer } from './credential-store.ts'

const windowMs = 3_600_000

interface RequestQuota {
  limit: number
  used: number
  remaining: number
  /** Epoch seconds. */
  reset: number
}

/** The primary limit: fixed windows of an hour per bucket, starting with its first request. */
export class RateLimits {
  readonly #windows = new Map<string, { used: number; endsAt: number }>()

  read(viewer: RestViewer, limit: number, now: number): RequestQuota {
    const window = this.#window(viewer.bucket, now)
    const used = Math.min(window.used, limit)
    return { limit, used, remaining: limit - used, reset: Math.ceil(window.endsAt / 1_000) }
  }

  /** Takes one request; false when none is left. */
  take(viewer: RestViewer, limit: number, now: number): boolean {
    const window = this.#window(viewer.bucket, now)
    if (window.used >= limit) return false
    window.used += 1
    return true
  }

  /** Gives a request back that turned out to be a free 304 (docs/facts/github.md#conditional-requests). */
  giveBack(viewer: RestViewer, now: number): void {
    const window = this.#window(viewer.bucket, now)
    window.used = Math.max(0, window.used - 1)
  }

  reset(): void {
    this.#windows.clear()
  }

  #window(bucket: string, now: number): { used: number; endsAt: number } {
    let window = this.#windows.get(bucket)
    if (window === undefined || window.endsAt <= now) {
      window = { used: 0, endsAt: now + windowMs }
      this.#windows.set(bucket, window)
    }
    return window
  }
}
