import type { GithubJob } from '../github/schemas.ts'

/** The newest that was read of each job of a run, whether it was read alone or in a list. */
export class KnownJobs {
  readonly #jobs = new Map<number, { readonly job: GithubJob; readonly readAtMs: number }>()

  /** `readAtMs`: when the request was sent. A reading that was overtaken must not replace a newer one. */
  learn(jobs: readonly GithubJob[], readAtMs: number): void {
    for (const job of jobs) {
      const known = this.#jobs.get(job.id)
      if (!known || known.readAtMs <= readAtMs) this.#jobs.set(job.id, { job, readAtMs })
    }
  }

  ofAttempt(attempt: number): readonly GithubJob[] {
    return [...this.#jobs.values()].map(({ job }) => job).filter(job => job.run_attempt === attempt)
  }
}
