import type { Clock } from '@forkproof/infra/clock'
import { checkJob } from '../core/check-job.ts'
import { checkRun } from '../core/check-run.ts'
import { fine, notYet, type RunDecision, type RunRefusal, refuse } from '../core/run-decision.ts'
import type { GithubFault } from '../github/fault.ts'
import type { ClaimHints } from '../hints/claim-hints.ts'
import type { BackOff } from './back-off.ts'
import type { ClaimWatch } from './claim-watch.ts'
import type { Crowd } from './crowd.ts'
import { pollLimits } from './limits.ts'
import type { RunSources } from './run-sources.ts'

interface FirstCheckDeps {
  readonly sources: RunSources
  readonly crowd: Crowd
  readonly clock: Clock
  readonly backOff: BackOff
  readonly hints: Pick<ClaimHints, 'pause' | 'saysRunning'>
}

/**
 * The first check of a claim. It waits for GitHub's lag and faults to end, within the claim's time.
 * Resolves to undefined when everything is fine.
 */
export async function checkFirst(
  watch: ClaimWatch,
  deps: FirstCheckDeps,
  signal: AbortSignal,
): Promise<RunRefusal | undefined> {
  let lags = 0
  let lagEndsMs: number | undefined
  let wasHinted = false
  for (;;) {
    const nowMs = deps.clock.now()
    let retryMs: number
    let pause = (ms: number) => deps.hints.pause(ms, signal)
    try {
      // After a hint an older reading says nothing.
      const decision = await check(watch, deps, wasHinted ? nowMs : nowMs - pollLimits.runFreshMs)
      deps.backOff.succeeded()
      if (decision.kind === 'fine') return undefined
      if (decision.kind === 'refused') return decision
      lagEndsMs ??= deps.clock.now() + pollLimits.stateLagMs
      const pauseMs = lagPauseMs(decision.reason, lags)
      lags += 1
      retryMs = deps.clock.now() + (pauseMs ?? 0)
      if (pauseMs === undefined || retryMs > lagEndsMs) return refuse(decision.reason, decision.detail)
    } catch (error) {
      const fault = deps.backOff.failed(error, deps.clock.now())
      if (deps.backOff.outlasts(watch.spec.expiresAtMs)) return githubUnavailable(fault)
      retryMs = deps.backOff.untilMs
      // No hint makes GitHub readable.
      pause = ms => deps.clock.sleep(ms, signal).then(() => false)
    }
    wasHinted = await pause(Math.max(retryMs - deps.clock.now(), 0))
    // A hint takes none of the tries that GitHub's lag has.
    if (wasHinted) lags -= 1
  }
}

/** A policy refuses for good; everything else is worth another claim. */
export const githubUnavailable = (fault: GithubFault): RunRefusal =>
  refuse(fault.isFinal ? 'repository_unreadable' : 'github_unavailable', fault.detail)

async function check(
  watch: ClaimWatch,
  { sources, crowd, hints }: FirstCheckDeps,
  sinceMs: number,
): Promise<RunDecision> {
  const { spec } = watch
  // A run that was read just now for another claim serves this one too: the confirmation reads it again anyway.
  const answer = await sources.run.since(Math.max(sinceMs, 0))
  if (answer.kind === 'missing') return notYet('run_not_found')
  if (answer.kind === 'moved') return refuse('repository_renamed')
  const run = answer.value
  const asGithub = watch.specInGithubTime
  const aheadMs = asGithub.claimedAtMs - spec.claimedAtMs
  if (Math.abs(aheadMs) > pollLimits.clockAheadMsMax)
    return refuse('clock_skewed', `GitHub’s clock is ahead by ${Math.round(aheadMs / 1_000)} s`)
  const decision = checkRun(run, asGithub)
  if (decision.kind !== 'fine') return decision
  watch.attempt = run.run_attempt
  if (spec.jobId === undefined) return fine
  // The confirmation reads the job in any case.
  if (hints.saysRunning(spec.jobId, run)) return fine
  const jobs = await crowd.readJob(spec.jobId, run.run_attempt, Math.max(sinceMs, 0))
  const ofJob = checkJob(jobs.items, spec.jobId, run)
  // A job that is there may read `queued` for long after its start. The code is what shows that it runs.
  const isThere = jobs.items.some(job => String(job.id) === spec.jobId)
  return ofJob.kind === 'not-yet' && isThere ? fine : ofJob
}

/** The wait before what may just lag is read again; undefined when it has had its time. `turn` counts from 0. */
export function lagPauseMs(reason: RunRefusal['reason'], turn: number): number | undefined {
  if (reason === 'run_not_found') return pollLimits.runMissingPausesMs[turn]
  return pollLimits.lagPausesMs[Math.min(turn, pollLimits.lagPausesMs.length - 1)]
}
