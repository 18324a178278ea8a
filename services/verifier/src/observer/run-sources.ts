import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import type { Clock } from '@forkproof/infra/clock'
import type { RunReadings } from '../channels/channel-reader.ts'
import { codesOfJobLog } from '../channels/job-log.ts'
import { isUnderWay } from '../core/check-job.ts'
import {
  isUntouchedSince,
  matchPullRequest,
  type PullRequestReading,
  wasRetargetedSince,
} from '../core/pull-request.ts'
import { GithubFault } from '../github/fault.ts'
import { githubLimits } from '../github/limits.ts'
import type { Listing, RunAnswer, RunReader } from '../github/run-reader.ts'
import type { GithubArtifact, GithubJob, GithubPullRequest, GithubRun } from '../github/schemas.ts'
import { KnownArtifacts } from './known-artifacts.ts'
import { KnownJobs } from './known-jobs.ts'
import { pollLimits } from './limits.ts'
import { SharedRead } from './shared-read.ts'

/** All readings of one run, each made once for all claims. Counts what the requests cost. */
export class RunSources {
  readonly run: SharedRead<RunAnswer>
  /** The artifacts made since the time that was last given to `wantArtifactsSince`. */
  readonly newestArtifacts: SharedRead<Listing<GithubArtifact>>
  readonly pullRequests: SharedRead<PullRequestReading>
  readonly liveCodes = new Map<number, ReadonlySet<string>>()
  readonly #reader: RunReader
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #jobLists = new Map<number, SharedRead<Listing<GithubJob>>>()
  readonly #runningJobs = new Map<number, SharedRead<Listing<GithubJob>>>()
  readonly #singleJobs = new Map<number, SharedRead<Listing<GithubJob>>>()
  readonly #namedArtifacts = new Map<string, SharedRead<Listing<GithubArtifact>>>()
  readonly #knownArtifacts = new KnownArtifacts()
  readonly #knownJobs = new KnownJobs()
  readonly #finishedCodes = new Map<number, ReadonlySet<string>>()
  readonly #jobLogTries = new Map<number, number>()
  #artifactsSinceMs = Number.POSITIVE_INFINITY
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
    this.newestArtifacts = new SharedRead(() => this.#readNewestArtifacts(), clock)
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

  wantArtifactsSince(createdSinceMs: number): void {
    this.#artifactsSinceMs = createdSinceMs
  }

  artifactsNamed(name: string): SharedRead<Listing<GithubArtifact>> {
    const known = this.#namedArtifacts.get(name)
    if (known) return known
    const made = new SharedRead(() => this.#count(this.#reader.artifactsNamed(name, this.#signal)), this.#clock)
    this.#namedArtifacts.set(name, made)
    return made
  }

  /** A claim is over: nobody asks for its name and its job any more. */
  forget({ challengeCode, jobId }: Pick<ClaimSpec, 'challengeCode' | 'jobId'>): void {
    this.#namedArtifacts.delete(challengeCode)
    if (jobId !== undefined) this.#singleJobs.delete(Number(jobId))
  }

  /** Attempts have addresses of their own, so an old attempt's jobs are never taken for the new one's. */
  jobs(attempt: number): SharedRead<Listing<GithubJob>> {
    return this.#jobsRead(this.#jobLists, attempt, () => this.#reader.jobs(attempt, this.#signal))
  }

  /** How many requests the list of jobs takes. */
  jobPages(attempt: number): number {
    const jobs = this.#jobLists.get(attempt)?.latest?.items.length ?? 0
    return Math.max(Math.ceil(jobs / githubLimits.pageSizeMax), 1)
  }

  /** One job alone: a request where the list takes one for each hundred jobs. Empty when GitHub has no such job. */
  job(jobId: number): SharedRead<Listing<GithubJob>> {
    return this.#jobsRead(this.#singleJobs, jobId, () => this.#readJob(jobId))
  }

  /**
   * A job of this attempt that is under way, if there is one: the one that was the last time, or the first of the list.
   * `complete` is false when the list has more pages than were read.
   */
  runningJob(attempt: number): SharedRead<Listing<GithubJob>> {
    let last: GithubJob | undefined
    return this.#jobsRead(this.#runningJobs, attempt, async () => {
      const again = last && (await this.#readJob(last.id))
      const isRunning = (job: GithubJob) => job.run_attempt === attempt && isUnderWay(job)
      if (again?.items.some(isRunning)) return again
      const list = await this.#reader.jobs(attempt, this.#signal, page => page.some(isRunning))
      last = list.items.find(isRunning)
      return { ...list, counted: list.counted + (again?.counted ?? 0) }
    })
  }

  readings(run: GithubRun): RunReadings {
    return {
      run,
      artifacts: [
        ...this.#knownArtifacts.codes,
        ...[...this.#namedArtifacts.values()].flatMap(read => read.latest?.items ?? []),
      ],
      jobs: this.#knownJobs.ofAttempt(run.run_attempt),
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

  /** What is read of jobs goes to the known ones, whichever address it came from. */
  #jobsRead(
    reads: Map<number, SharedRead<Listing<GithubJob>>>,
    key: number,
    read: () => Promise<Listing<GithubJob>>,
  ): SharedRead<Listing<GithubJob>> {
    const known = reads.get(key)
    if (known) return known
    const made = new SharedRead(async () => {
      const startedAtMs = this.#clock.now()
      const listing = await this.#count(read())
      this.#knownJobs.learn(listing.items, startedAtMs)
      return listing
    }, this.#clock)
    reads.set(key, made)
    return made
  }

  async #readNewestArtifacts(): Promise<Listing<GithubArtifact>> {
    const sinceMs = this.#artifactsSinceMs
    const enough = (page: readonly GithubArtifact[]) => this.#knownArtifacts.areOlder(page, sinceMs)
    const listing = await this.#count(this.#reader.newestArtifacts(this.#signal, enough))
    this.#knownArtifacts.learn(listing.items)
    return listing
  }

  async #readJob(jobId: number): Promise<Listing<GithubJob>> {
    const answer = await this.#reader.job(jobId, this.#signal)
    if (answer.kind !== 'found') return { items: [], counted: 1, complete: true }
    return { items: [answer.value], counted: answer.counted ? 1 : 0, complete: true }
  }

  async #readPullRequests(): Promise<PullRequestReading> {
    const readAtMs = this.#clock.now()
    const run = this.latestRun
    if (!run?.head_repository || run.head_branch === null) return { pulls: [], readAtMs, isBaseOfRun: false }
    const head = { owner: run.head_repository.owner.login, branch: run.head_branch }
    const { items: pulls } = await this.#count(this.#reader.pullRequests(head, this.#signal))
    const pull = matchPullRequest(pulls, run)
    return { pulls, readAtMs, isBaseOfRun: pull !== undefined && (await this.#isBaseOfRun(pull, run)) }
  }

  /** Comments and labels touch a pull request too; only then are its events worth a request. */
  async #isBaseOfRun(pull: GithubPullRequest, run: GithubRun): Promise<boolean> {
    if (isUntouchedSince(pull, run)) return true
    const reading = this.#reader.pullRequestEvents(pull.number, this.#signal)
    // Unread, the base is not known; the rest still is.
    const { events, counted } = await reading.catch(() => ({ events: undefined, counted: 1 }))
    this.#counted += counted
    return events !== undefined && !wasRetargetedSince(events, run)
  }

  async #count<T>(reading: Promise<Listing<T>>): Promise<Listing<T>> {
    const listing = await reading
    this.#counted += listing.counted
    return listing
  }
}
