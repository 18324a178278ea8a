import type { RunQuestion } from '@forkproof/contracts/inspection'
import type { GithubIssueEvent, GithubPullRequest, GithubRun } from '../github/schemas.ts'
import { type RunRefusal, refuse } from './run-decision.ts'

/**
 * What was read of the pull requests with the run's head, open and closed. None of it is the run's own: a pull request
 * changes while its run goes on, so what is attested of it carries the time of reading.
 */
export interface PullRequestReading {
  readonly pulls: readonly GithubPullRequest[]
  /** When the reading began. */
  readonly readAtMs: number
  /**
   * The matched pull request stands on the base that it had when the run began. False also where that cannot be told.
   */
  readonly isBaseOfRun: boolean
}

/** The run's pull request as it was read. */
export interface MatchedPullRequest extends Pick<PullRequestReading, 'readAtMs' | 'isBaseOfRun'> {
  readonly pull: GithubPullRequest
}

/**
 * The run's pull request. GitHub does not name it for forks (docs/facts/github.md#runs), so it is the one with this
 * head commit and head repository that was open when the run began. Closed ones count too: if only the open one of two
 * were looked at, closing one would make the other pass for it. Undefined unless exactly one matches. Pure.
 */
export function matchPullRequest(pulls: readonly GithubPullRequest[], run: GithubRun): GithubPullRequest | undefined {
  const matching = pulls.filter(
    pull =>
      pull.head.sha === run.head_sha &&
      pull.head.repo !== null &&
      pull.head.repo.id === run.head_repository?.id &&
      pull.base.repo.id === run.repository.id &&
      pull.created_at <= run.created_at &&
      (pull.closed_at === null || pull.closed_at >= run.created_at),
  )
  return matching.length === 1 ? matching[0] : undefined
}

/**
 * Nothing of the pull request changed since its run was made, so neither did its base. GitHub tells times to the
 * second: a change in the run's own second may be later, unless all that happened in it was the opening.
 */
export const isUntouchedSince = (pull: GithubPullRequest, run: GithubRun): boolean =>
  pull.updated_at < run.created_at || (pull.updated_at === run.created_at && pull.updated_at === pull.created_at)

/** GitHub's names for another base: somebody chose it, or the old base branch was merged and deleted. */
const baseChanges: ReadonlySet<string> = new Set(['base_ref_changed', 'automatic_base_change_succeeded'])

/** Whether these events of a pull request hold another base for it since the run was made. Pure. */
export const wasRetargetedSince = (events: readonly GithubIssueEvent[], run: GithubRun): boolean =>
  events.some(({ event, created_at }) => baseChanges.has(event) && created_at >= run.created_at)

/** The run's pull request in a reading, with what is known of it. */
export function matchedIn(reading: PullRequestReading | undefined, run: GithubRun): MatchedPullRequest | undefined {
  const pull = matchPullRequest(reading?.pulls ?? [], run)
  return reading && pull && { pull, readAtMs: reading.readAtMs, isBaseOfRun: reading.isBaseOfRun }
}

/** A pull request that a build relies on must still be open and on its base; its head may have moved on. Pure. */
export function checkDemandedPullRequest(
  pulls: readonly GithubPullRequest[],
  { number, baseRef }: NonNullable<RunQuestion['pullRequest']>,
): RunRefusal | undefined {
  const pull = pulls.find(one => String(one.number) === number)
  if (!pull) return refuse('pull_request_changed', 'its head has no such pull request any more')
  if (pull.state !== 'open') return refuse('pull_request_changed', 'it is closed')
  if (baseRef !== undefined && pull.base.ref !== baseRef) return refuse('pull_request_changed', 'it has another base')
  return undefined
}
