import type { RequestPriority } from './request-priority.ts'
import { minuteShareOf } from './reserves.ts'

const slotMs = 1_000
/** A minute, and one slot more because the oldest counts as a whole. */
const slots = 61

/**
 * Points that were spent within the last minute, in slots of a second. No minute whatever ever has more than
 * `pointsMax` (docs/facts/github.md#secondary-rate-limits). A rate limiter that fills up evenly would have to keep its
 * burst and its rate below that together, and so waste half of it.
 */
export class PointsWindow {
  readonly #pointsMax: number
  readonly #spent = new Array<number>(slots).fill(0)
  #slot = 0
  #sum = 0

  constructor(pointsMax: number) {
    this.#pointsMax = pointsMax
  }

  /** When this priority may spend a point; now or earlier when it may. */
  spendableAtMs(priority: RequestPriority, nowMs: number): number {
    this.#forget(nowMs)
    const allowed = Math.max(Math.floor(this.#pointsMax * minuteShareOf(priority)), 1)
    let over = this.#sum + 1 - allowed
    if (over <= 0) return nowMs
    for (let age = slots - 1; age >= 0; age--) {
      over -= this.#spent[(this.#slot - age + slots) % slots] ?? 0
      if (over <= 0) return (this.#slot - age + slots) * slotMs
    }
    return nowMs + slots * slotMs
  }

  spend(nowMs: number): void {
    this.#forget(nowMs)
    const index = this.#slot % slots
    this.#spent[index] = (this.#spent[index] ?? 0) + 1
    this.#sum += 1
  }

  #forget(nowMs: number): void {
    const slot = Math.floor(nowMs / slotMs)
    const passed = Math.min(Math.max(slot - this.#slot, 0), slots)
    for (let step = 1; step <= passed; step++) {
      const index = (slot - passed + step) % slots
      this.#sum -= this.#spent[index] ?? 0
      this.#spent[index] = 0
    }
    // A clock that goes back must not bring old slots to life.
    this.#slot = Math.max(slot, this.#slot)
  }
}
