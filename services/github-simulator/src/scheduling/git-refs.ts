import type { GithubStore } from '../store/github-store.ts'
import type { StoredRun } from '../store/stored-types.ts'

export interface GitRefs {
  /** `refs/pull/<n>/merge` or `refs/heads/<branch>`. */
  ref: string
  refName: string
  /** For a pull request the merge commit, which is not the run's `head_sha` (docs/facts/github.md#runs). */
  sha: string
  headRef: string
  baseRef: string
}

export function gitRefs(store: GithubStore, run: StoredRun): GitRefs {
  if (run.event !== 'pull_request' || run.pullNumber === null) {
    return { ref: `refs/heads/${run.headBranch}`, refName: run.headBranch, sha: run.headSha, headRef: '', baseRef: '' }
  }
  const pull = store.pull(run.repositoryId, run.pullNumber)
  return {
    ref: `refs/pull/${pull.number}/merge`,
    refName: `${pull.number}/merge`,
    sha: pull.mergeSha,
    headRef: pull.headBranch,
    baseRef: pull.baseBranch,
  }
}
