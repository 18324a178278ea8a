import type { RefusalReason } from '@forkproof/contracts/errors'
import type { RunQuestion } from '@forkproof/contracts/inspection'
import { orAborted } from '@forkproof/infra/abortable'
import type { Clock } from '@forkproof/infra/clock'
import type { RunDecision } from '../core/run-decision.ts'
import { checkLife, saysInProgress } from '../core/run-life.ts'
import { GithubFault } from '../github/fault.ts'
import type { GithubRun } from '../github/schemas.ts'
import { type HeardHints, HintedPauses } from '../hints/hinted-pauses.ts'
import type { RunSources } from '../observer/run-sources.ts'
import { decide } from './inspect-run.ts'
import { inspectionLimits } from './limits.ts'

export interface WatchRunDeps {
  readonly clock: Clock
  readonly random: () => number
  /** Pause between two polls of one build. Builds of the same run share polls. */
  readonly everyMs: number
  readonly hints: HeardHints
}

interface RunOver {
  readonly reason: RefusalReason
  readonly detail?: string
}

/**
 * Resolves when the run is over, its attempt is no longer the latest, no job of it runs any more, or the public cannot
 * read it.
 * While GitHub cannot be read it goes on: the build has a time limit of its own. Rejects only with the signal's reason.
 */
export async function watchUntilOver(
  question: RunQuestion,
  sources: RunSources,
  deps: WatchRunDeps,
  signal: AbortSignal,
): Promise<RunOver> {
  const pauses = new HintedPauses(question, sources, deps.hints, deps.clock)
  try {
    const over = await pollUntilOver(question, sources, { ...deps, pauses }, signal)
    if (over.reason === 'run_not_in_progress') pauses.ended()
    return over
  } finally {
    pauses.close()
  }
}

async function pollUntilOver(
  question: RunQuestion,
  sources: RunSources,
  { clock, random, everyMs, pauses }: WatchRunDeps & { readonly pauses: HintedPauses },
  signal: AbortSignal,
): Promise<RunOver> {
  let missing = 0
  const life = new LifeWatch(sources, clock)
  // The run was confirmed just now, and a poll is a request even where its answer is free. So the pause comes first.
  for (let pauseMs = pause(); ; pauseMs = missing > 0 ? inspectionLimits.missingRetryMs : pause()) {
    const hintedAtMs = await pauses.pause(pauseMs, signal)
    // The second poll of a missing run must be a new reading, not another build's first one, and so must one that a
    // hint asked for.
    const sinceMs = hintedAtMs ?? clock.now() - (missing > 0 ? 0 : everyMs / 2)
    try {
      const answer = await orAborted(sources.run.since(Math.max(sinceMs, 0)), signal)
      const decision = decide(answer, question)
      missing = answer.kind === 'missing' ? missing + 1 : 0
      if (decision.kind === 'refused' || missing >= 2) return overBy(decision)
      const dead = answer.kind === 'found' && decision.kind === 'fine' && (await life.endOf(answer.value, signal))
      if (dead) return overBy(dead)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof GithubFault)) throw error
      await clock.sleep(Math.max((error.retryAtMs ?? 0) - clock.now(), 0), signal)
    }
  }

  function pause(): number {
    // A run without a job in progress may be dead, and no webhook tells that.
    const goesOn = sources.latestRun !== undefined && saysInProgress(sources.latestRun)
    const plannedMs = goesOn ? pauses.lengthMs(everyMs) : everyMs
    return plannedMs * sources.slowdown * (1 + (random() * 2 - 1) * inspectionLimits.jitterShare)
  }
}

/** Looks now and then for a job in progress, while the run's status does not tell that there is one. */
class LifeWatch {
  readonly #sources: RunSources
  readonly #clock: Clock
  #lastMs = Number.NEGATIVE_INFINITY
  #lifeless = 0

  constructor(sources: RunSources, clock: Clock) {
    this.#sources = sources
    this.#clock = clock
  }

  /** Why the run is dead, undefined while it may live. @throws GithubFault */
  async endOf(run: GithubRun, signal: AbortSignal): Promise<RunDecision | undefined> {
    const nowMs = this.#clock.now()
    if (saysInProgress(run)) this.#lifeless = 0
    const everyMs = inspectionLimits.lifeEveryMs * this.#sources.slowdown
    if (saysInProgress(run) || nowMs < this.#lastMs + everyMs) return undefined
    this.#lastMs = nowMs
    const reading = this.#sources.runningJob(run.run_attempt).since(Math.max(nowMs - everyMs / 2, 0))
    const { items, complete } = await orAborted(reading, signal)
    const decision = checkLife(run, items)
    // Beyond the pages that are read there may be a job in progress.
    this.#lifeless = decision.kind === 'not-yet' && complete ? this.#lifeless + 1 : 0
    return this.#lifeless >= 2 ? decision : undefined
  }
}

const overBy = (decision: RunDecision): RunOver => {
  if (decision.kind === 'fine') return { reason: 'run_not_found' }
  const { reason, detail } = decision
  return { reason, ...(detail !== undefined && { detail }) }
}
