/** Share of the newest in the average: some ten builds back matter. */
const newestShare = 0.2

/** Moving average of how long leases were held, for estimates. */
export class AverageDuration {
  /** Absent until the first. */
  ms: number | undefined

  add(ms: number): void {
    this.ms = this.ms === undefined ? ms : this.ms + (ms - this.ms) * newestShare
  }
}
