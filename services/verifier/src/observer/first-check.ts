import type { Clock } from '@forkproof/infra/clock'
import { checkJob } from '../core/check-job.ts'
import { checkRun } from '../core/check-run.ts'
import { type Decision, fine, notYet, type Refusal, refuse } from '../core/run-decision.ts'
import { faultDetail, type GithubFault } from '../github/fault.ts'
import type { BackOff } from './back-off.ts'
import type { ClaimWatch } from './claim-watch.ts'
import { paceLimits } from './limits.ts'
import type { RunSources } from './run-sources.ts'

export interface AdmissionTools {
  readonly sources: RunSources
  readonly clock: Clock
  readonly backOff: BackOff
}

/** The first check of a claim. Waits out GitHub's lag and faults within the claim's time; undefined when everything is fine. */
export async function admit(
  watch: ClaimWatch,
  tools: AdmissionTools,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  const startedMs = tools.clock.now()
  for (let turn = 0; ; turn++) {
    const nowMs = tools.clock.now()
    let retryMs: number
    try {
      const decision = await check(watch, tools, nowMs)
      tools.backOff.succeeded()
      if (decision.kind === 'fine') return undefined
      if (decision.kind === 'refused') return decision
      const next = retryAt(decision.reason, turn, startedMs)
      if (next === undefined) return refuse(decision.reason, decision.detail)
      retryMs = next
    } catch (error) {
      const fault = tools.backOff.failed(error, tools.clock.now())
      if (tools.backOff.outlasts(watch.order.expiresAtMs)) return unavailable(fault)
      retryMs = tools.backOff.untilMs
    }
    await tools.clock.sleep(Math.max(retryMs - tools.clock.now(), 0), signal)
  }
}

export const unavailable = (fault: GithubFault): Refusal => refuse('github_unavailable', faultDetail[fault.kind])

async function check(watch: ClaimWatch, { sources }: AdmissionTools, nowMs: number): Promise<Decision> {
  const { order } = watch
  // A run that was read just now for a sibling serves this claim too; the final check reads it again anyway.
  const answer = await sources.run.since(Math.max(nowMs - paceLimits.runFreshMs, 0))
  if (answer.kind === 'missing') return notYet('run_not_found')
  if (answer.kind === 'moved') return refuse('repository_renamed')
  const run = answer.value
  const decision = checkRun(run, order)
  if (decision.kind !== 'fine') return decision
  watch.attempt = run.run_attempt
  if (order.jobId === undefined) return fine
  const jobs = await sources.jobs(run.run_attempt).since(nowMs - paceLimits.runFreshMs)
  watch.counted += jobs.counted
  return checkJob(jobs.items, order.jobId, run)
}

/** When to look again at what is not so yet; undefined when it has had its time. */
function retryAt(reason: Refusal['reason'], turn: number, startedMs: number): number | undefined {
  if (reason === 'run_not_found') {
    const delayMs = paceLimits.runMissingRetryMs[turn]
    return delayMs === undefined ? undefined : startedMs + delayMs
  }
  const delays: readonly number[] = paceLimits.stateRetryMs
  const last = delays.length - 1
  let offsetMs = 0
  for (let index = 0; index <= turn; index++) offsetMs += delays[Math.min(index, last)] ?? 0
  return offsetMs > paceLimits.stateLagMs ? undefined : startedMs + offsetMs
}
