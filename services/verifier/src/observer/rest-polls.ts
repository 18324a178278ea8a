import type { Clock } from '@forkproof/infra/clock'
import { mayHold } from '../channels/job-log.ts'
import type { GithubJob, GithubRun } from '../github/schemas.ts'
import type { BackOff } from './back-off.ts'
import type { ClaimWatch } from './claim-watch.ts'
import { CountedRate } from './counted-rate.ts'
import type { Crowd } from './crowd.ts'
import { pollLimits } from './limits.ts'
import type { PolledList } from './poll-schedule.ts'
import type { RunSources } from './run-sources.ts'
import type { Wakeup } from './wakeup.ts'

interface RestPollDeps {
  readonly list: PolledList
  readonly sources: RunSources
  readonly crowd: Crowd
  readonly clock: Clock
  readonly backOff: BackOff
  readonly wakeup: Wakeup
  readonly watches: () => readonly ClaimWatch[]
  /** Called after each poll, also after a failed one. */
  readonly onPoll: () => void
}

/**
 * Polls one list of one run through the REST API, one poll at a time, when a claim's schedule asks for it and the rate
 * allows it. The artifacts and the jobs of a run each have their own, so that neither makes the other wait.
 */
export class RestPolls {
  readonly #deps: RestPollDeps
  readonly #rate = new CountedRate()
  #lastPollMs = Number.NEGATIVE_INFINITY
  /** When the current poll started. */
  #openSinceMs: number | undefined

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
    const { backOff, list, sources } = this.#deps
    const wanted = this.#deps.watches().flatMap(watch => watch.nextPollMs(list) ?? [])
    if (wanted.length === 0) return undefined
    const allowedMs = this.#lastPollMs + this.#rate.pauseMs * sources.slowdown
    return Math.max(Math.min(...wanted), allowedMs, backOff.untilMs)
  }

  async #poll(): Promise<void> {
    const { clock, backOff, list, onPoll } = this.#deps
    const nowMs = clock.now()
    const due = this.#deps.watches().filter(watch => (watch.nextPollMs(list) ?? Number.POSITIVE_INFINITY) <= nowMs)
    this.#lastPollMs = nowMs
    this.#openSinceMs = nowMs
    let counted = 0
    try {
      counted = await this.#readFor(due, nowMs)
      backOff.succeeded()
    } catch (error) {
      backOff.failed(error, clock.now())
    }
    this.#openSinceMs = undefined
    this.#rate.spend(counted, nowMs)
    for (const watch of due) watch.polled(list, nowMs, counted > 0)
    onPoll()
  }

  /** Resolves to the counted requests. */
  async #readFor(due: readonly ClaimWatch[], nowMs: number): Promise<number> {
    const { crowd, list, sources } = this.#deps
    const run = sources.latestRun
    if (!run) return 0
    if (list === 'artifacts') return crowd.readArtifacts(due, nowMs)
    const counted = await crowd.readJobs(due, run.run_attempt, nowMs)
    return counted + (await this.#readFinishedLogs(due, run))
  }

  /** The newest first: the job that showed a code has only just ended. */
  async #readFinishedLogs(due: readonly ClaimWatch[], run: GithubRun): Promise<number> {
    const { sources } = this.#deps
    const able = due.filter(watch => watch.reads('finished logs'))
    const wanted = sources
      .readings(run)
      .jobs.filter(job => sources.needsJobLog(job.id) && able.some(watch => mayHold(job, run, watch.specInGithubTime)))
      .toSorted((one, other) => completedMs(other) - completedMs(one))
    const isShown = able.some(watch => watch.shownAtMs !== undefined)
    const most = isShown ? pollLimits.jobLogsPerPollMax : pollLimits.jobLogsUnshownMax
    let counted = 0
    for (const job of wanted.slice(0, most)) counted += await sources.readJobLog(job.id)
    return counted
  }
}

const completedMs = (job: GithubJob): number => job.completed_at ?? 0
