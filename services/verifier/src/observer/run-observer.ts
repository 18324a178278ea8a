import type { ClaimId } from '@forkproof/contracts/ids'
import type { NudgeKind } from '@forkproof/contracts/subjects'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { findSighting } from '../channels/channel-readers.ts'
import { checkJob } from '../core/check-job.ts'
import { checkRun } from '../core/check-run.ts'
import { fine, type RunRefusal, refuse } from '../core/run-decision.ts'
import { checkLife, saysInProgress } from '../core/run-life.ts'
import type { Sighting } from '../core/verify-run.ts'
import { faultDetail, GithubFault } from '../github/fault.ts'
import type { LogPages } from '../github/log-pages.ts'
import type { RunReader } from '../github/run-reader.ts'
import type { RunTarget } from '../github/run-target.ts'
import { ClaimHints } from '../hints/claim-hints.ts'
import type { HeardHints } from '../hints/hinted-pauses.ts'
import { BackOff } from './back-off.ts'
import type { ClaimWatch, WatchResult } from './claim-watch.ts'
import { confirmSighting } from './confirmation.ts'
import { Crowd } from './crowd.ts'
import { checkFirst, githubUnavailable } from './first-check.ts'
import { pollLimits } from './limits.ts'
import { LogPolls } from './log-polls.ts'
import { RestPolls } from './rest-polls.ts'
import { RunSources } from './run-sources.ts'
import { Wakeup } from './wakeup.ts'

interface RunObserverDeps {
  readonly target: RunTarget
  readonly hints: HeardHints
  readonly reader: RunReader
  /** Absent where no session cookie is configured. */
  readonly pages: LogPages | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly pullRequestFacts: boolean
}

/** Watches one run for all its claims. Lives from the first claim to the last; `close` ends it at once. */
export class RunObserver {
  readonly #deps: RunObserverDeps
  readonly #watches = new Set<ClaimWatch>()
  readonly #end = new AbortController()
  readonly #sources: RunSources
  readonly #backOff: BackOff
  readonly #restWakeups: readonly Wakeup[]
  readonly #logWakeup: Wakeup
  readonly #crowd: Crowd
  readonly #hints: ClaimHints
  readonly #restPolls: readonly RestPolls[]
  readonly #logPolls: LogPolls | undefined
  #soon: Promise<void> | undefined

  constructor(deps: RunObserverDeps) {
    const { clock, pages, log } = deps
    this.#deps = deps
    this.#sources = new RunSources(deps.reader, clock, this.#end.signal)
    this.#backOff = new BackOff(deps.random)
    this.#logWakeup = new Wakeup(clock)
    const shared = { sources: this.#sources, clock, watches: () => [...this.#watches] }
    this.#crowd = new Crowd(shared)
    this.#hints = new ClaimHints(deps.target, {
      hints: deps.hints,
      clock,
      latestRun: () => this.#sources.latestRun,
      claims: shared.watches,
      onRunHint: () => this.#keep(this.#endRefused()),
    })
    const onPoll = () => {
      this.#match()
      this.#logWakeup.wake()
    }
    const polling = (['artifacts', 'jobs'] as const).map(list => ({ list, wakeup: new Wakeup(clock) }))
    const common = { ...shared, crowd: this.#crowd, backOff: this.#backOff, onPoll }
    this.#restWakeups = polling.map(({ wakeup }) => wakeup)
    this.#restPolls = polling.map(each => new RestPolls({ ...common, ...each }))
    this.#logPolls =
      pages && new LogPolls({ ...shared, pages, log, wakeup: this.#logWakeup, onPoll: () => this.#matchSoon() })
    for (const polls of this.#restPolls) this.#keep(polls.run(this.#end.signal))
    if (this.#logPolls) this.#keep(this.#logPolls.run(this.#end.signal))
  }

  /** Counted requests so far, for the log line of a sighting. */
  get counted(): number {
    return this.#sources.counted
  }

  get idle(): boolean {
    return this.#watches.size === 0
  }

  /** From the first check to the end of one claim. Rejects with the signal's reason when it aborts. */
  async watch(watch: ClaimWatch, signal: AbortSignal): Promise<WatchResult> {
    signal.throwIfAborted()
    const leave = new AbortController()
    const either = AbortSignal.any([signal, leave.signal, this.#end.signal])
    this.#watches.add(watch)
    try {
      const aborted = new Promise<never>((_, reject) => {
        either.addEventListener('abort', () => reject(either.reason), { once: true })
      })
      aborted.catch(() => undefined)
      void this.#begin(watch, either).catch(error => leave.abort(error))
      void this.#expire(watch, either).catch(() => undefined)
      return await Promise.race([watch.result, aborted])
    } finally {
      this.#watches.delete(watch)
      this.#sources.forget(watch.spec)
      leave.abort(new Error('the claim is over'))
    }
  }

  nudge(claimId: ClaimId, kind: NudgeKind): boolean {
    const nudged = [...this.#watches].filter(watch => watch.spec.claimId === claimId)
    const heard = nudged.map(watch => watch.nudge(kind, this.#deps.clock.now()))
    if (heard.includes(true)) this.#wake()
    return nudged.length > 0
  }

  close(): void {
    this.#hints.close()
    this.#end.abort(new Error('the observer is closed'))
  }

  async #begin(watch: ClaimWatch, signal: AbortSignal): Promise<void> {
    const refusal = await checkFirst(watch, this.#shared, signal)
    if (watch.phase === 'settled') return
    if (refusal) {
      watch.settle(refusal)
      return
    }
    watch.phase = 'watching'
    // The code may be in what was read for another claim.
    this.#match()
    this.#wake()
  }

  async #expire(watch: ClaimWatch, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps
    await clock.sleep(Math.max(watch.spec.expiresAtMs - clock.now(), 0), signal)
    if (watch.phase === 'confirming') {
      await clock.sleep(pollLimits.confirmGraceMs, signal)
      watch.settle(refuse('github_unavailable', 'the code was seen, but the run could not be read again'))
      return
    }
    const fault = this.#backOff.fault ?? (watch.reads('live log') ? this.#logPolls?.fault : undefined)
    if (fault) watch.settle(githubUnavailable(fault))
    // A request that GitHub has not answered is no fault yet, but nothing was read either.
    else if (this.#sources.run.latest === undefined || this.#restPolls.some(polls => polls.unanswered)) {
      watch.settle(refuse('github_unavailable', faultDetail.unreachable))
    } else watch.settle(await this.#lastWord(watch, signal))
  }

  /**
   * The run's state at the end often explains better than `code_not_seen` why nothing was seen.
   * Where nothing changed, this reading is free.
   */
  async #lastWord(watch: ClaimWatch, signal: AbortSignal): Promise<RunRefusal> {
    const { clock } = this.#deps
    const late = clock.sleep(pollLimits.confirmGraceMs, signal).then(() => undefined)
    const reading = this.#whyUnseen(watch, clock.now()).catch(() => undefined)
    return (await Promise.race([reading, late])) ?? refuse('code_not_seen')
  }

  async #whyUnseen({ specInGithubTime: spec }: ClaimWatch, nowMs: number): Promise<RunRefusal | undefined> {
    const answer = await this.#sources.run.since(nowMs)
    if (answer.kind === 'missing') return refuse('run_not_found')
    if (answer.kind === 'moved') return refuse('repository_renamed')
    const run = answer.value
    const ofRun = checkRun(run, spec)
    if (ofRun.kind === 'refused') return ofRun
    // What is known of the named job is good enough: another request would not prove the run either.
    const { jobs } = this.#sources.readings(run)
    const ofJob = spec.jobId === undefined ? fine : checkJob(jobs, spec.jobId, run)
    if (ofJob.kind !== 'fine') return refuse(ofJob.reason, ofJob.detail)
    if (saysInProgress(run)) return undefined
    const running = await this.#sources.runningJob(run.run_attempt).since(nowMs - pollLimits.lifeFreshMs)
    const life = checkLife(run, running.items)
    return life.kind === 'not-yet' && running.complete ? refuse(life.reason, life.detail) : undefined
  }

  /** After a hint that the run may be over: a claim that can only be refused is told now. */
  async #endRefused(): Promise<void> {
    const nowMs = this.#deps.clock.now()
    if (this.#backOff.untilMs > nowMs) return
    try {
      const answer = await this.#sources.run.since(nowMs)
      if (answer.kind !== 'found') return
      for (const watch of this.#watches) {
        const decision = watch.phase === 'watching' ? checkRun(answer.value, watch.specInGithubTime) : fine
        if (decision.kind === 'refused') watch.settle(decision)
      }
    } catch (error) {
      // The polls go on and report it, if it lasts.
      if (!(error instanceof GithubFault)) throw error
    }
  }

  /** Compares what was read with every claim that still waits. */
  #match(): void {
    const run = this.#sources.latestRun
    if (!run) return
    const readings = this.#sources.readings(run)
    for (const watch of this.#watches) {
      if (watch.phase !== 'watching') continue
      const sighting = findSighting(watch.channels, watch.specInGithubTime, readings)
      if (sighting) this.#confirm(watch, sighting)
      else this.#giveUpEarly(watch)
    }
  }

  /** Jobs of a matrix are read within milliseconds of each other: one confirmation then serves them all. */
  #matchSoon(): void {
    if (this.#watches.size < 2) {
      this.#match()
      return
    }
    this.#soon ??= this.#deps.clock.sleep(pollLimits.matchTogetherMs, this.#end.signal).then(
      () => {
        this.#soon = undefined
        this.#match()
      },
      () => undefined,
    )
  }

  /** No request is possible before the claim ends: the claimant should know now. */
  #giveUpEarly(watch: ClaimWatch): void {
    const { fault } = this.#backOff
    if (fault && this.#backOff.outlasts(watch.spec.expiresAtMs)) watch.settle(githubUnavailable(fault))
  }

  #confirm(watch: ClaimWatch, sighting: Sighting): void {
    watch.phase = 'confirming'
    const { pullRequestFacts } = this.#deps
    const deps = { ...this.#shared, pullRequestFacts }
    this.#keep(
      confirmSighting(watch, sighting, deps, this.#end.signal).then(result => {
        if (watch.phase === 'confirming') watch.settle(result)
      }),
    )
  }

  get #shared() {
    return {
      sources: this.#sources,
      crowd: this.#crowd,
      clock: this.#deps.clock,
      backOff: this.#backOff,
      hints: this.#hints,
    }
  }

  #wake(): void {
    for (const wakeup of this.#restWakeups) wakeup.wake()
    this.#logWakeup.wake()
  }

  /** Background work ends when `close` aborts it. Anything else is a defect, which is logged and ends the observer. */
  #keep(work: Promise<void>): void {
    work.catch(err => {
      if (this.#end.signal.aborted) return
      this.#deps.log.error({ err }, 'an observer failed')
      this.close()
    })
  }
}
