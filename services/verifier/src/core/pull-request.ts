import type { GithubPullRequest, GithubRun } from '../github/schemas.ts'

/**
 * The run's pull request. GitHub does not name it for forks (docs/facts/github.md#runs), so it is the open one with
 * this head commit and head repository. Undefined unless exactly one matches. Pure.
 */
export function matchPullRequest(open: readonly GithubPullRequest[], run: GithubRun): GithubPullRequest | undefined {
  const matching = open.filter(
    pull =>
      pull.head.sha === run.head_sha &&
      pull.head.repo !== null &&
      pull.head.repo.id === run.head_repository?.id &&
      pull.base.repo.id === run.repository.id,
  )
  return matching.length === 1 ? matching[0] : undefined
}
