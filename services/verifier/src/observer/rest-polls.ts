import type { Clock } from '@forkproof/infra/clock'
import { mayHold } from '../channels/job-log.ts'
import type { GithubRun } from '../github/schemas.ts'
import type { BackOff } from './back-off.ts'
import type { ClaimWatch } from './claim-watch.ts'
import { pollLimits } from './limits.ts'
import type { RunSources } from './run-sources.ts'
import type { Wakeup } from './wakeup.ts'

interface RestPollDeps {
  readonly sources: RunSources
  readonly clock: Clock
  readonly backOff: BackOff
  readonly wakeup: Wakeup
  readonly watches: () => readonly ClaimWatch[]
  /** Called after each poll, also after a failed one. */
  readonly onPoll: () => void
}

/**
 * Polls one run through the REST API, one poll at a time, when a claim's schedule asks for it and the floor allows it.
 */
export class RestPolls {
  readonly #deps: RestPollDeps
  #lastPollMs = Number.NEGATIVE_INFINITY
  /** When the current poll started. */
  #openSinceMs: number | undefined
  /** When the recent polls that cost something started. */
  #countedAtMs: number[] = []

  constructor(deps: RestPollDeps) {
    this.#deps = deps
  }

  /** Whether GitHub has left the current poll unanswered for long. */
  get unanswered(): boolean {
    const { clock } = this.#deps
    return this.#openSinceMs !== undefined && clock.now() - this.#openSinceMs >= pollLimits.unansweredMs
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, wakeup } = this.#deps
    while (!signal.aborted) {
      const atMs = this.#nextMs()
      if (atMs === undefined || atMs > clock.now()) await wakeup.until(atMs, signal)
      else await this.#poll()
    }
  }

  #nextMs(): number | undefined {
    const wanted = this.#deps.watches().flatMap(watch => watch.nextPollMs ?? [])
    if (wanted.length === 0) return undefined
    return Math.max(Math.min(...wanted), this.#lastPollMs + this.#floorMs(), this.#deps.backOff.untilMs)
  }

  #floorMs(): number {
    const { clock, sources } = this.#deps
    const sinceMs = clock.now() - pollLimits.busyWindowMs
    this.#countedAtMs = this.#countedAtMs.filter(at => at > sinceMs)
    const busy = this.#countedAtMs.length >= pollLimits.busyPollsCount
    return (busy ? pollLimits.busyFloorMs : pollLimits.pollFloorMs) * sources.slowdown
  }

  async #poll(): Promise<void> {
    const { clock, sources, backOff, onPoll } = this.#deps
    const nowMs = clock.now()
    const due = this.#deps.watches().filter(watch => (watch.nextPollMs ?? Number.POSITIVE_INFINITY) <= nowMs)
    for (const watch of due) watch.lastPollMs = nowMs
    this.#lastPollMs = nowMs
    const before = sources.counted
    this.#openSinceMs = nowMs
    try {
      await this.#readFor(due, nowMs)
      backOff.succeeded()
    } catch (error) {
      backOff.failed(error, clock.now())
    }
    this.#openSinceMs = undefined
    if (sources.counted > before) this.#countedAtMs.push(nowMs)
    onPoll()
  }

  /** Lists are read once for all due claims. Each claim is charged, so that its budget limits what it can cause. */
  async #readFor(due: readonly ClaimWatch[], nowMs: number): Promise<void> {
    const { sources } = this.#deps
    const run = sources.latestRun
    if (!run) return
    const forArtifacts = due.filter(watch => watch.reads('artifact list'))
    const forJobs = due.filter(watch => watch.reads('job list') || wantsJobsForLog(watch, nowMs))
    const outcomes = await Promise.allSettled([
      forArtifacts.length > 0
        ? sources.artifacts.since(nowMs).then(list => charge(forArtifacts, list.counted))
        : undefined,
      forJobs.length > 0
        ? sources
            .jobs(run.run_attempt)
            .since(nowMs)
            .then(list => charge(forJobs, list.counted))
        : undefined,
    ])
    await this.#readFinishedLogs(due, run)
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  async #readFinishedLogs(due: readonly ClaimWatch[], run: GithubRun): Promise<void> {
    const { sources } = this.#deps
    for (const job of sources.readings(run).jobs) {
      const able = due.filter(
        watch => watch.reads('finished logs') && watch.countedLeft > 0 && mayHold(job, run, watch.spec),
      )
      if (able.length > 0 && sources.needsJobLog(job.id)) charge(able, await sources.readJobLog(job.id))
    }
  }
}

/** The log pages are found by job ids, which are in the job list. */
const wantsJobsForLog = (watch: ClaimWatch, nowMs: number): boolean =>
  watch.logFromMs !== undefined && watch.logFromMs <= nowMs

function charge(watches: readonly ClaimWatch[], counted: number): void {
  for (const watch of watches) watch.counted += counted
}
