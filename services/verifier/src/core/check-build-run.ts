import type { RunQuestion } from '@forkproof/contracts/inspection'
import type { GithubRun } from '../github/schemas.ts'
import { checkIdentity, checkKind, checkProgress } from './check-run.ts'
import { isDependabotsRun } from './dependabot.ts'
import { fine, type RunDecision, type RunRefusal, refuse } from './run-decision.ts'

/**
 * Whether this run may build as the event class that it was admitted for. Names can pass to other repositories and ids
 * cannot, so both must match. Without a class the run is only described. Pure.
 */
export function checkBuildRun(run: GithubRun, question: RunQuestion): RunDecision {
  return (
    checkIdentity(run, question) ??
    checkRepositoryId(run, question) ??
    checkClass(run, question) ??
    checkProgress(run, question.attempt) ??
    fine
  )
}

function checkRepositoryId(run: GithubRun, { repositoryId }: RunQuestion): RunRefusal | undefined {
  if (repositoryId === undefined || String(run.repository.id) === repositoryId) return undefined
  return refuse('run_not_found', 'the name belongs to another repository now')
}

function checkClass(run: GithubRun, { eventClass }: RunQuestion): RunRefusal | undefined {
  if (eventClass === 'fork_pull_request') return checkKind(run)
  if (eventClass === 'trusted' && isForksPullRequest(run)) return refuse('not_trusted')
  // Whatever dependency it brings runs there: it must not write to the project's cache.
  if (eventClass === 'trusted' && isDependabotsRun(run)) return refuse('not_trusted', 'it is Dependabot’s')
  return undefined
}

/**
 * Events of pull requests whose runs get no secrets when the head is a fork; `pull_request_target` runs with the base's
 * rights. A deleted head repository was a fork, because the base repository exists.
 */
const isForksPullRequest = (run: GithubRun): boolean =>
  run.event.startsWith('pull_request') &&
  run.event !== 'pull_request_target' &&
  run.head_repository?.id !== run.repository.id
