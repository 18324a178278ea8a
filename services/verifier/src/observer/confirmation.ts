import type { Clock } from '@forkproof/infra/clock'
import { isOfOwnRepository } from '../core/dependabot.ts'
import type { PullRequestReading } from '../core/pull-request.ts'
import { notYet, type RunNotYet, refuse } from '../core/run-decision.ts'
import { type Sighting, verifyRun } from '../core/verify-run.ts'
import type { GithubJob } from '../github/schemas.ts'
import type { BackOff } from './back-off.ts'
import type { ClaimWatch, WatchResult } from './claim-watch.ts'
import type { Crowd } from './crowd.ts'
import { githubUnavailable, lagPauseMs } from './first-check.ts'
import { pollLimits } from './limits.ts'
import type { RunSources } from './run-sources.ts'

interface ConfirmationDeps {
  readonly sources: RunSources
  readonly crowd: Crowd
  readonly clock: Clock
  readonly backOff: BackOff
  readonly pullRequestFacts: boolean
}

/**
 * After a sighting: reads again what may have changed, and checks everything. Claims seen in one poll share the
 * reading. What may just lag is read again until the claim's end.
 */
export async function confirmSighting(
  watch: ClaimWatch,
  sighting: Sighting,
  deps: ConfirmationDeps,
  signal: AbortSignal,
): Promise<WatchResult> {
  const { clock, backOff } = deps
  const seenAtMs = clock.now()
  const deadlineMs = watch.spec.expiresAtMs + pollLimits.confirmGraceMs
  for (let turn = 0, sinceMs = seenAtMs; ; sinceMs = clock.now()) {
    let retryMs: number
    try {
      const result = await attempt(watch, sighting, { seenAtMs, sinceMs }, deps)
      backOff.succeeded()
      if (result.kind !== 'not-yet') return result
      const pauseMs = lagPauseMs(result.reason, turn)
      turn += 1
      retryMs = clock.now() + (pauseMs ?? 0)
      if (pauseMs === undefined || retryMs >= deadlineMs) return refuse(result.reason, result.detail)
    } catch (error) {
      const fault = backOff.failed(error, clock.now())
      if (backOff.outlasts(deadlineMs) || clock.now() >= deadlineMs) return githubUnavailable(fault)
      retryMs = backOff.untilMs
    }
    await clock.sleep(Math.max(Math.min(retryMs, deadlineMs) - clock.now(), 0), signal)
  }
}

async function attempt(
  watch: ClaimWatch,
  sighting: Sighting,
  times: { seenAtMs: number; sinceMs: number },
  deps: ConfirmationDeps,
): Promise<WatchResult | RunNotYet> {
  const { sources } = deps
  const { attempt: bound } = watch
  if (bound === undefined) return refuse('code_not_seen')
  // Who opened a pull request of the repository's own decides whether its run is served at all.
  const known = sources.latestRun
  const isNeeded = deps.pullRequestFacts || (known !== undefined && isOfOwnRepository(known))
  const readingPulls = isNeeded ? readPullRequests(deps, times.seenAtMs) : undefined
  const readingJobs = readNamedJob(watch, sighting, { attempt: bound, sinceMs: times.sinceMs }, deps)
  const [answer, jobs] = await Promise.all([sources.run.since(times.sinceMs), readingJobs])
  if (answer.kind === 'missing') return notYet('run_not_found')
  if (answer.kind === 'moved') return refuse('repository_renamed')
  const pullRequests = await readingPulls
  const evidence = {
    run: answer.value,
    attempt: bound,
    sighting,
    seenAtMs: times.seenAtMs,
    ...(jobs && { jobs }),
    ...(pullRequests && { pullRequests }),
  }
  return verifyRun(watch.specInGithubTime, evidence)
}

/** A step's name was seen in its job's own state, and shows that the job is in progress: no need to read it again. */
async function readNamedJob(
  { spec }: ClaimWatch,
  sighting: Sighting,
  when: { attempt: number; sinceMs: number },
  { sources, crowd }: ConfirmationDeps,
): Promise<readonly GithubJob[] | undefined> {
  if (spec.jobId === undefined) return undefined
  const run = sources.latestRun
  const wasJustRead = sighting.channel === 'step-name' && String(sighting.jobId) === spec.jobId
  if (wasJustRead && run) return sources.readings(run).jobs
  return (await crowd.readJob(spec.jobId, when.attempt, when.sinceMs)).items
}

const notNeeded = new Error('no longer waited for')

/**
 * Read after the sighting, so that a code in the title or body is noticed, and at the same time as the run.
 * A short wait for the pull request's facts is fine; after that the token is minted with fewer claims.
 */
async function readPullRequests(
  { sources, clock }: ConfirmationDeps,
  nowMs: number,
): Promise<PullRequestReading | undefined> {
  const giveUp = new AbortController()
  const reading = sources.pullRequests.since(nowMs).catch(() => undefined)
  const late = clock.sleep(pollLimits.pullRequestGraceMs, giveUp.signal).catch(() => undefined)
  const first = await Promise.race([reading, late])
  giveUp.abort(notNeeded)
  return first ?? undefined
}
