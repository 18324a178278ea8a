import { hintLimits } from './hint-limits.ts'

/** How often hints may cause a reading of one run. A valid sender may be hostile: any repository can be installed. */
export class WakeGate {
  /** Within the window, oldest first. */
  #wokenAtMs: number[] = []

  /** When the next wake is allowed, in milliseconds since the epoch. */
  freeAtMs(nowMs: number): number {
    this.#wokenAtMs = this.#wokenAtMs.filter(at => at > nowMs - hintLimits.wakeWindowMs)
    const last = this.#wokenAtMs.at(-1)
    return last === undefined ? nowMs : last + this.#gapMs()
  }

  take(nowMs: number): void {
    this.#wokenAtMs.push(nowMs)
  }

  #gapMs(): number {
    const beyond = this.#wokenAtMs.length - hintLimits.wakesAtOnceCount
    if (beyond < 0) return hintLimits.wakeGapMs
    return Math.min(hintLimits.wakeGapMsMin * 2 ** beyond, hintLimits.wakeGapMsMax)
  }
}
