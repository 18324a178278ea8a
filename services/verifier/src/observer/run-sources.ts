import type { Clock } from '@forkproof/infra/clock'
import type { RunReadings } from '../channels/channel-reader.ts'
import { codesOfJobLog } from '../channels/job-log.ts'
import { GithubFault } from '../github/fault.ts'
import type { Listing, RunAnswer, RunReader } from '../github/run-reader.ts'
import type { GithubArtifact, GithubJob, GithubPullRequest, GithubRun } from '../github/schemas.ts'
import { pollLimits } from './limits.ts'
import { SharedRead } from './shared-read.ts'

const none: Listing<never> = { items: [], counted: 0 }

/** All readings of one run, each made once for all claims. Counts what the requests cost. */
export class RunSources {
  readonly run: SharedRead<RunAnswer>
  readonly artifacts: SharedRead<Listing<GithubArtifact>>
  readonly pullRequests: SharedRead<Listing<GithubPullRequest>>
  readonly liveCodes = new Map<number, ReadonlySet<string>>()
  readonly #reader: RunReader
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #jobs = new Map<number, SharedRead<Listing<GithubJob>>>()
  readonly #finishedCodes = new Map<number, ReadonlySet<string>>()
  readonly #jobLogTries = new Map<number, number>()
  #counted = 0

  constructor(reader: RunReader, clock: Clock, signal: AbortSignal) {
    this.#reader = reader
    this.#clock = clock
    this.#signal = signal
    this.run = new SharedRead(async () => {
      const answer = await reader.run(signal)
      this.#counted += answer.kind === 'found' && !answer.counted ? 0 : 1
      return answer
    }, clock)
    this.artifacts = new SharedRead(() => this.#count(reader.artifacts(signal)), clock)
    this.pullRequests = new SharedRead(() => this.#readPullRequests(), clock)
  }

  /** Counted requests so far. */
  get counted(): number {
    return this.#counted
  }

  get latestRun(): GithubRun | undefined {
    const answer = this.run.latest
    return answer?.kind === 'found' ? answer.value : undefined
  }

  get slowdown(): number {
    return this.#reader.slowdown()
  }

  /** Attempts have addresses of their own, so an old attempt's jobs are never taken for the new one's. */
  jobs(attempt: number): SharedRead<Listing<GithubJob>> {
    const known = this.#jobs.get(attempt)
    if (known) return known
    const made = new SharedRead(() => this.#count(this.#reader.jobs(attempt, this.#signal)), this.#clock)
    this.#jobs.set(attempt, made)
    return made
  }

  readings(run: GithubRun): RunReadings {
    return {
      run,
      artifacts: this.artifacts.latest?.items ?? [],
      jobs: this.jobs(run.run_attempt).latest?.items ?? [],
      liveCodes: this.liveCodes,
      finishedCodes: this.#finishedCodes,
    }
  }

  needsJobLog(jobId: number): boolean {
    return !this.#finishedCodes.has(jobId) && (this.#jobLogTries.get(jobId) ?? 0) < pollLimits.jobLogTriesMax
  }

  /** Reads a finished job's log once for all claims. Resolves to the counted requests. */
  async readJobLog(jobId: number): Promise<number> {
    this.#jobLogTries.set(jobId, (this.#jobLogTries.get(jobId) ?? 0) + 1)
    try {
      const { text, counted } = await this.#reader.jobLog(jobId, this.#signal)
      if (text !== undefined) this.#finishedCodes.set(jobId, codesOfJobLog(text))
      this.#counted += counted
      return counted
    } catch (error) {
      // A log that is too large stays unread: without all of it a code cannot be told from a quotation.
      if (!(error instanceof GithubFault) || error.kind !== 'malformed') throw error
      this.#finishedCodes.set(jobId, new Set())
      this.#counted += 1
      return 1
    }
  }

  #readPullRequests(): Promise<Listing<GithubPullRequest>> {
    const run = this.latestRun
    if (!run?.head_repository || run.head_branch === null) return Promise.resolve(none)
    const head = { owner: run.head_repository.owner.login, branch: run.head_branch }
    return this.#count(this.#reader.pullRequests(head, this.#signal))
  }

  async #count<T>(reading: Promise<Listing<T>>): Promise<Listing<T>> {
    const listing = await reading
    this.#counted += listing.counted
    return listing
  }
}
