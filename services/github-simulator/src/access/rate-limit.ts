import type { Viewer } from './credentials.ts'

const windowMs = 3_600_000

export interface Quota {
  limit: number
  used: number
  remaining: number
  /** Epoch seconds. */
  reset: number
}

/** The primary limit: fixed windows of an hour per bucket, starting with its first request. */
export class RateLimits {
  readonly #windows = new Map<string, { used: number; endsAt: number }>()

  read(viewer: Viewer, limit: number, now: number): Quota {
    const window = this.#window(viewer.bucket, now)
    const used = Math.min(window.used, limit)
    return { limit, used, remaining: limit - used, reset: Math.ceil(window.endsAt / 1_000) }
  }

  /** Takes one request; false when none is left. */
  take(viewer: Viewer, limit: number, now: number): boolean {
    const window = this.#window(viewer.bucket, now)
    if (window.used >= limit) return false
    window.used += 1
    return true
  }

  /** Gives back what a request took that turned out to be a free 304 (facts C3). */
  giveBack(viewer: Viewer, now: number): void {
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
