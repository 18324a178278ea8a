import type { RunInspection, RunQuestion } from '@forkproof/contracts/inspection'
import { orAborted } from '@forkproof/infra/abortable'
import type { Clock } from '@forkproof/infra/clock'
import { checkBuildRun } from '../core/check-build-run.ts'
import { checkKind } from '../core/check-run.ts'
import { checkDemandedPullRequest, matchedIn, type PullRequestReading } from '../core/pull-request.ts'
import { notYet, type RunDecision, type RunRefusal, refuse } from '../core/run-decision.ts'
import { runFacts, withoutRef } from '../core/run-facts.ts'
import { checkLife, saysInProgress } from '../core/run-life.ts'
import { GithubFault } from '../github/fault.ts'
import type { RunAnswer } from '../github/run-reader.ts'
import type { GithubRun } from '../github/schemas.ts'
import { githubUnavailable } from '../observer/first-check.ts'
import type { RunSources } from '../observer/run-sources.ts'
import { inspectionLimits } from './limits.ts'

export interface InspectRunDeps {
  readonly clock: Clock
  /** Whether to read pull requests, where no build waits for the answer. */
  readonly pullRequestFacts: boolean
}

/** Reads the run, again a few times where GitHub may lag or fail. Rejects only with the signal's reason. */
export async function inspectRun(
  question: RunQuestion,
  sources: RunSources,
  deps: InspectRunDeps,
  signal: AbortSignal,
): Promise<RunInspection> {
  const { clock } = deps
  const startedMs = clock.now()
  let faults = 0
  let lags = 0
  for (let sinceMs = startedMs - inspectionLimits.freshMs; ; sinceMs = clock.now()) {
    signal.throwIfAborted()
    let retryMs: number | undefined
    let refusal: RunRefusal
    try {
      const answer = await orAborted(sources.run.since(Math.max(sinceMs, 0)), signal)
      const decision = await decideAlive(answer, question, sources, { sinceMs, signal })
      if (decision.kind === 'fine' && answer.kind === 'found') {
        const changed = await pullRequestChange(question, sources, { sinceMs, signal })
        return changed ? refused(changed) : await running(answer.value, question, sources, deps)
      }
      if (decision.kind === 'refused') return refused(decision)
      // A 404 is tried once more; other states that may lag get more time.
      retryMs =
        answer.kind === 'found'
          ? inspectionLimits.lagRetryMs[lags]
          : lags === 0
            ? inspectionLimits.missingRetryMs
            : undefined
      lags += 1
      refusal = decision.kind === 'fine' ? refuse('run_not_found') : refuse(decision.reason, decision.detail)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof GithubFault)) throw error
      // A rate limit says when it ends, and that is never soon. A policy does not end.
      retryMs = error.kind === 'limited' || error.isFinal ? undefined : inspectionLimits.faultRetryMs[faults]
      faults += 1
      refusal = githubUnavailable(error)
    }
    const late = faults > 0 && clock.now() - startedMs >= inspectionLimits.triesMsMax
    if (retryMs === undefined || late) return refused(refusal)
    await clock.sleep(retryMs, signal)
  }
}

/** What GitHub's answer means for the question. Pure. */
export function decide(answer: RunAnswer, question: RunQuestion): RunDecision {
  if (answer.kind === 'missing') return notYet('run_not_found')
  if (answer.kind === 'moved') return refuse('repository_renamed')
  return checkBuildRun(answer.value, question)
}

/** Also asks for a job in progress, where the run's status does not tell that there is one. */
async function decideAlive(
  answer: RunAnswer,
  question: RunQuestion,
  sources: RunSources,
  { sinceMs, signal }: { sinceMs: number; signal: AbortSignal },
): Promise<RunDecision> {
  const decision = decide(answer, question)
  if (decision.kind !== 'fine' || answer.kind !== 'found' || saysInProgress(answer.value)) return decision
  const reading = sources.runningJob(answer.value.run_attempt).since(Math.max(sinceMs, 0))
  return checkLife(answer.value, (await orAborted(reading, signal)).items)
}

/**
 * Whether the pull request is no longer as the run was admitted by. It was read when the token was made; it may have
 * been closed or retargeted since.
 */
async function pullRequestChange(
  { pullRequest: demanded }: RunQuestion,
  sources: RunSources,
  { sinceMs, signal }: { sinceMs: number; signal: AbortSignal },
): Promise<RunRefusal | undefined> {
  if (demanded === undefined) return undefined
  const { pulls } = await orAborted(sources.pullRequests.since(Math.max(sinceMs, 0)), signal)
  return checkDemandedPullRequest(pulls, demanded)
}

async function running(
  run: GithubRun,
  question: RunQuestion,
  sources: RunSources,
  deps: InspectRunDeps,
): Promise<RunInspection> {
  const isForks = checkKind(run) === undefined && run.head_repository !== null
  const explains = question.eventClass === undefined
  const reading = isForks && explains && deps.pullRequestFacts ? await pullRequests(sources, deps.clock) : undefined
  const extra = { pullRequest: matchedIn(reading, run), jobId: undefined }
  return {
    outcome: 'running',
    event: run.event,
    headRef: run.head_branch ?? '',
    workflowPath: withoutRef(run.path),
    repositoryId: String(run.repository.id),
    attempt: String(run.run_attempt),
    ...(isForks && run.head_repository && { facts: runFacts(run, run.head_repository, extra) }),
  }
}

/** Worth a short wait: without them, rules about the pull request are answered with "not known". */
async function pullRequests(sources: RunSources, clock: Clock): Promise<PullRequestReading | undefined> {
  const giveUp = new AbortController()
  const reading = sources.pullRequests.since(clock.now() - inspectionLimits.freshMs).catch(() => undefined)
  const late = clock.sleep(inspectionLimits.pullRequestGraceMs, giveUp.signal).catch(() => undefined)
  const first = await Promise.race([reading, late])
  giveUp.abort(new Error('no longer waited for'))
  return first ?? undefined
}

const refused = ({ reason, detail }: RunRefusal): RunInspection => ({
  outcome: 'refused',
  reason,
  ...(detail !== undefined && { detail }),
})
