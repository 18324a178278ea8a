const windowMs = 60_000

/**
 * The secondary limits: points a minute, and requests at once, of one bucket. A GET costs one point. Whether an answer
 * 304 costs one too is not documented; here it does (docs/facts/github.md#secondary-rate-limits).
 */
export class SecondaryLimits {
  /** The times of the last minute's points, oldest first. */
  readonly #points = new Map<string, number[]>()
  readonly #open = new Map<string, number>()

  /** Takes some points; false when the minute has not as many left. */
  take(bucket: string, points: number, pointsPerMinute: number, now: number): boolean {
    const recent = (this.#points.get(bucket) ?? []).filter(at => at > now - windowMs)
    const hasRoom = recent.length + points <= pointsPerMinute
    if (hasRoom) recent.push(...Array.from({ length: points }, () => now))
    this.#points.set(bucket, recent)
    return hasRoom
  }

  /** Counts a request as open. Returns the way to close it. */
  open(bucket: string): () => void {
    this.#open.set(bucket, this.openCount(bucket) + 1)
    return () => {
      const count = this.openCount(bucket) - 1
      if (count <= 0) this.#open.delete(bucket)
      else this.#open.set(bucket, count)
    }
  }

  openCount(bucket: string): number {
    return this.#open.get(bucket) ?? 0
  }

  reset(): void {
    this.#points.clear()
  }
}
