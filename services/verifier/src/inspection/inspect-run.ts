import { orAborted } from '@forkproof/infra/abortable'
import type { Clock } from '@forkproof/infra/clock'
import type { RunInspection, RunQuestion } from '@forkproof/workflows/inspect/ports'
import { checkBuildRun } from '../core/check-build-run.ts'
import { checkKind } from '../core/check-run.ts'
import { matchPullRequest } from '../core/pull-request.ts'
import { type Decision, notYet, type Refusal, refuse } from '../core/run-decision.ts'
import { runFacts, withoutRef } from '../core/run-facts.ts'
import { faultDetail, GithubFault } from '../github/fault.ts'
import type { RunAnswer } from '../github/run-reader.ts'
import type { PullRequest, WorkflowRun } from '../github/schemas.ts'
import type { RunSources } from '../observer/run-sources.ts'
import { inspectionLimits } from './limits.ts'

export interface InspectTools {
  readonly clock: Clock
  /** Read pull requests where nobody has to wait for a build. */
  readonly pullRequestFacts: boolean
}

/** One look, repeated a few times where GitHub may just lag or be at fault. Rejects only with the signal's reason. */
export async function inspectRun(
  question: RunQuestion,
  sources: RunSources,
  tools: InspectTools,
  signal: AbortSignal,
): Promise<RunInspection> {
  const { clock } = tools
  const startedMs = clock.now()
  let faults = 0
  let lags = 0
  for (let sinceMs = startedMs - inspectionLimits.freshMs; ; sinceMs = clock.now()) {
    signal.throwIfAborted()
    let retryMs: number | undefined
    let refusal: Refusal
    try {
      const answer = await orAborted(sources.run.since(Math.max(sinceMs, 0)), signal)
      const decision = decide(answer, question)
      if (decision.kind === 'fine' && answer.kind === 'found')
        return await running(answer.value, question, sources, tools)
      if (decision.kind === 'refused') return refused(decision)
      // A 404 is asked about once more; other things that may lag get longer.
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
      // A limit says when it ends, and that is never soon.
      retryMs = error.kind === 'limited' ? undefined : inspectionLimits.faultRetryMs[faults]
      faults += 1
      refusal = refuse('github_unavailable', faultDetail[error.kind])
    }
    const late = clock.now() - startedMs >= inspectionLimits.triesMsMax
    if (retryMs === undefined || late) return refused(refusal)
    await clock.sleep(retryMs, signal)
  }
}

/** What an answer says of the run that is asked about. Pure. */
export function decide(answer: RunAnswer, question: RunQuestion): Decision {
  if (answer.kind === 'missing') return notYet('run_not_found')
  if (answer.kind === 'moved') return refuse('repository_renamed')
  return checkBuildRun(answer.value, question)
}

async function running(
  run: WorkflowRun,
  question: RunQuestion,
  sources: RunSources,
  tools: InspectTools,
): Promise<RunInspection> {
  const isForks = checkKind(run) === undefined && run.head_repository !== null
  const explains = question.eventClass === undefined
  const open = isForks && explains && tools.pullRequestFacts ? await pullRequests(sources, tools.clock) : []
  const extra = { pullRequest: matchPullRequest(open, run), jobId: undefined }
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

/** Worth a short wait: without them the rules about the pull request are answered with "not known". */
async function pullRequests(sources: RunSources, clock: Clock): Promise<readonly PullRequest[]> {
  const giveUp = new AbortController()
  const reading = sources.pullRequests.since(clock.now() - inspectionLimits.freshMs).then(
    listing => listing.items,
    () => [],
  )
  const late = clock.sleep(inspectionLimits.pullRequestGraceMs, giveUp.signal).then(
    () => [],
    () => [],
  )
  const items = await Promise.race([reading, late])
  giveUp.abort(new Error('no longer waited for'))
  return items
}

const refused = ({ reason, detail }: Refusal): RunInspection => ({
  outcome: 'refused',
  reason,
  ...(detail !== undefined && { detail }),
})
