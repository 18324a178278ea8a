import { backOffMs } from '@forkproof/infra/back-off'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { shownCodes } from '../channels/shown-code.ts'
import { GithubFault } from '../github/fault.ts'
import { githubLimits } from '../github/limits.ts'
import type { LogPages, LogStep } from '../github/log-pages.ts'
import type { GithubJob } from '../github/schemas.ts'
import type { ClaimWatch } from './claim-watch.ts'
import { pollLimits } from './limits.ts'
import type { RunSources } from './run-sources.ts'
import type { Wakeup } from './wakeup.ts'

interface LogPollDeps {
  readonly sources: RunSources
  readonly pages: LogPages
  readonly clock: Clock
  readonly log: Logger
  readonly wakeup: Wakeup
  readonly watches: () => readonly ClaimWatch[]
  /** Called after each job's reading, so that a slow job delays no other. */
  readonly onPoll: () => void
}

/** Polls the live log of one run's running jobs while a claim wants it, once for all claims. Costs no REST quota. */
export class LogPolls {
  readonly #deps: LogPollDeps
  readonly #hiddenIds = new Map<number, string>()
  readonly #runningSteps = new Map<number, readonly string[]>()
  #fault: GithubFault | undefined
  #failures = 0
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(deps: LogPollDeps) {
    this.#deps = deps
  }

  /** The fault of the latest reading, undefined when it went well. */
  get fault(): GithubFault | undefined {
    return this.#fault
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, wakeup } = this.#deps
    while (!signal.aborted) {
      const nowMs = clock.now()
      const atMs = this.#nextMs()
      if (atMs === undefined || atMs > nowMs) {
        await wakeup.until(atMs, signal)
        continue
      }
      const jobs = this.#jobs(nowMs)
      // The job list comes from a poll of the REST API, which wakes this loop.
      if (jobs.length === 0) {
        await wakeup.until(nowMs + pollLimits.logPollMs, signal)
        continue
      }
      this.#notBeforeMs = nowMs + Math.max(pollLimits.logPollMs, jobs.length * pollLimits.logPollPerJobMs)
      await this.#poll(jobs, signal)
    }
  }

  #nextMs(): number | undefined {
    const wanted = this.#deps.watches().flatMap(watch => watch.logFromMs ?? [])
    return wanted.length === 0 ? undefined : Math.max(Math.min(...wanted), this.#notBeforeMs)
  }

  /** Running jobs of the latest attempt; only the named ones when every claim names its job. */
  #jobs(nowMs: number): readonly GithubJob[] {
    const { sources, watches } = this.#deps
    const run = sources.latestRun
    if (!run) return []
    const wanting = watches().filter(watch => (watch.logFromMs ?? Number.POSITIVE_INFINITY) <= nowMs)
    const named = new Set<string | undefined>(wanting.map(watch => watch.spec.jobId))
    const running = sources.readings(run).jobs.filter(job => job.status === 'in_progress')
    const wanted = named.has(undefined) ? running : running.filter(job => named.has(String(job.id)))
    return wanted.slice(0, pollLimits.logJobsMax)
  }

  async #poll(jobs: readonly GithubJob[], signal: AbortSignal): Promise<void> {
    const outcomes = await Promise.allSettled(jobs.map(job => this.#readJob(job.id, signal)))
    signal.throwIfAborted()
    const faults = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [asFault(outcome.reason)] : []))
    this.#fault = faults.length === jobs.length ? faults[0] : undefined
    if (!this.#fault) {
      this.#failures = 0
      return
    }
    this.#failures += 1
    const lost = this.#fault.kind === 'forbidden'
    if (lost) this.#deps.log.error({}, 'the log pages refuse the session cookie; replace it')
    const waitMs = backOffMs(this.#failures + 1, { minMs: pollLimits.logPollMs, maxMs: pollLimits.logBackOffMsMax })
    this.#notBeforeMs = this.#deps.clock.now() + (lost ? pollLimits.logSessionLostMs : waitMs)
  }

  async #readJob(jobId: number, signal: AbortSignal): Promise<void> {
    const { pages, sources, onPoll } = this.#deps
    const hidden = this.#hiddenIds.get(jobId) ?? (await pages.hiddenJobId(jobId, signal))
    if (hidden === undefined) return
    this.#hiddenIds.set(jobId, hidden)
    // The steps that ran a moment ago most likely still run: their lines are read at the same time as the new state.
    const expected = this.#runningSteps.get(jobId) ?? []
    const guesses = new Map(expected.map(stepId => [stepId, outcomeOf(pages.lines(hidden, stepId, signal))] as const))
    const running = (await pages.steps(hidden, signal)).filter(isStepRunning).map(step => step.id)
    this.#runningSteps.set(jobId, running)
    const readings = running.map(stepId => guesses.get(stepId) ?? outcomeOf(pages.lines(hidden, stepId, signal)))
    const lines = (await Promise.all(readings)).flatMap(reading => reading())
    sources.liveCodes.set(jobId, shownCodes(lines, githubLimits.jobLogCodesMax))
    onPoll()
  }
}

const isStepRunning = (step: LogStep): boolean => step.status === 'in_progress'

/** The outcome as a function, which throws if the work failed. So the promise itself never rejects unhandled. */
async function outcomeOf<T>(work: Promise<T>): Promise<() => T> {
  try {
    const value = await work
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}

function asFault(error: unknown): GithubFault {
  return error instanceof GithubFault
    ? error
    : new GithubFault('unreachable', 'the log could not be read', { cause: error })
}
