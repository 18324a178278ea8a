import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import type { GithubRun } from '../github/schemas.ts'
import { isDependabotsRun, isOfOwnRepository } from './dependabot.ts'
import { clockSkewMs } from './limits.ts'
import { fine, notYet, type RunDecision, type RunRefusal, refuse } from './run-decision.ts'

type RunClaim = Pick<ClaimSpec, 'repository' | 'runId' | 'attempt' | 'claimedAtMs' | 'challengeCode'>

/**
 * Checks a run by GitHub's answer alone (docs/facts/github.md#what-the-verifier-checks). Identity comes first, then
 * what never changes, then the run's state, so that a refusal names the cause and not a consequence. Pure.
 */
export function checkRun(run: GithubRun, claim: RunClaim): RunDecision {
  return checkIdentity(run, claim) ?? checkKind(run) ?? checkQuotes(run, claim) ?? checkState(run, claim) ?? fine
}

export function checkIdentity(run: GithubRun, claim: Pick<RunClaim, 'repository' | 'runId'>): RunRefusal | undefined {
  // An answer about another run can only be a fault of GitHub or of a proxy.
  if (String(run.id) !== claim.runId) return refuse('github_unavailable', 'GitHub answered with another run')
  // GitHub ignores the letter case of owners and names. The token carries GitHub's own spelling.
  const sameName = run.repository.full_name.toLowerCase() === claim.repository.toLowerCase()
  if (!sameName) return refuse('repository_renamed', `it is ${run.repository.full_name} now`)
  const { private: hidden, visibility } = run.repository
  if (hidden || (visibility !== undefined && visibility !== 'public')) return refuse('repository_not_public')
  return undefined
}

/** Only `pull_request`: runs of `pull_request_target` and `workflow_run` have secrets and OIDC tokens of their own. */
export function checkKind(run: GithubRun): RunRefusal | undefined {
  if (run.event !== 'pull_request')
    return refuse('event_not_pull_request', `the run’s event is ${run.event.slice(0, 64)}`)
  if (run.head_repository === null) return refuse('head_repository_gone')
  // By id, never by name or branch: a fork's branch may be called main.
  if (isOfOwnRepository(run) && !isDependabotsRun(run)) return refuse('not_a_fork')
  return undefined
}

/** People other than the run's author may write title and branch: a code there proves nothing, and may be bait. */
function checkQuotes(run: GithubRun, claim: RunClaim): RunRefusal | undefined {
  const quoted = [run.display_title, run.head_branch].some(text => quotes(text, claim.challengeCode))
  return quoted ? refuse('code_quoted') : undefined
}

export const quotes = (text: string | null | undefined, code: string): boolean =>
  text?.toLowerCase().includes(code) ?? false

function checkState(run: GithubRun, claim: RunClaim): RunDecision | undefined {
  const decision = checkProgress(run, claim.attempt)
  if (decision) return decision
  // A re-run keeps the run's id and moves its start: an earlier claim belongs to an older attempt.
  if (run.run_started_at > claim.claimedAtMs + clockSkewMs)
    return refuse('attempt_not_latest', 'it started after the claim')
  return undefined
}

/**
 * The run must go on and be of the named attempt, or of the newest when none is named. Of all statuses only `completed`
 * is final (docs/facts/github.md#run-states-and-approval); `checkLife` asks whether a run with another one lives.
 */
export function checkProgress(run: GithubRun, attempt: RunClaim['attempt']): RunDecision | undefined {
  // How GitHub shows a run that no maintainer has approved yet (docs/facts/github.md#run-states-and-approval).
  if (run.status === 'completed' && run.conclusion === 'action_required') return refuse('awaiting_approval')
  const meant = attempt === undefined ? run.run_attempt : Number(attempt)
  if (meant < run.run_attempt) return refuse('attempt_not_latest', `the latest is ${run.run_attempt}`)
  // The API shows a new re-run with a delay.
  if (meant > run.run_attempt) return notYet('attempt_not_latest', `the latest is ${run.run_attempt}`)
  if (run.status === 'completed') return refuse('run_not_in_progress', 'the run is completed')
  return undefined
}
