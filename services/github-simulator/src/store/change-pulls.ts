import { ensureUser } from './change-repositories.ts'
import type { GithubStore } from './github-store.ts'
import { commitSha } from './id-sequence.ts'
import { requireRoom, StateProblem } from './state-problem.ts'
import { pullsMax } from './store-limits.ts'
import type { AuthorAssociation, StoredPullRequest, StoredRepository } from './stored-types.ts'

interface PullInput {
  /** Full name of the repository the commits come from; the base repository itself is allowed. */
  headRepository: string
  headBranch?: string | undefined
  headSha?: string | undefined
  baseBranch?: string | undefined
  number?: number | undefined
  title?: string | undefined
  body?: string | null | undefined
  /** Login; the head repository's owner unless said. */
  author?: string | undefined
  authorAssociation?: AuthorAssociation | undefined
  draft?: boolean | undefined
  state?: StoredPullRequest['state'] | undefined
}

interface PullPatch {
  state?: StoredPullRequest['state'] | undefined
  title?: string | undefined
  body?: string | null | undefined
  headSha?: string | undefined
  authorAssociation?: AuthorAssociation | undefined
  draft?: boolean | undefined
}

export function createPull(store: GithubStore, repository: StoredRepository, input: PullInput): StoredPullRequest {
  const pulls = store.pulls.get(repository.id) ?? new Map<number, StoredPullRequest>()
  requireRoom(pulls.size, pullsMax, 'pull requests in a repository')
  const number = input.number ?? Math.max(0, ...[...pulls.keys()].slice(-1)) + 1
  if (pulls.has(number)) throw new StateProblem(409, `pull request ${number} exists`)
  const head = store.repositoryByFullName(input.headRepository)
  const headOwner = store.user(head.ownerId)
  const now = store.now()
  const id = store.takeId('pull')
  const pull: StoredPullRequest = {
    id,
    number,
    repositoryId: repository.id,
    authorId: ensureUser(store, input.author ?? headOwner.login).id,
    authorAssociation: input.authorAssociation ?? 'FIRST_TIME_CONTRIBUTOR',
    title: input.title ?? `Change number ${number}`,
    body: input.body ?? null,
    state: input.state ?? 'open',
    draft: input.draft ?? false,
    headRepositoryId: head.id,
    headOwnerLogin: headOwner.login,
    headBranch: input.headBranch ?? 'change',
    headSha: input.headSha ?? commitSha(`head ${id}`),
    baseBranch: input.baseBranch ?? repository.defaultBranch,
    baseSha: commitSha(`base ${repository.id}`),
    mergeSha: commitSha(`merge ${id}`),
    createdAt: now,
    updatedAt: now,
  }
  pulls.set(number, pull)
  store.pulls.set(repository.id, pulls)
  return pull
}

export function patchPull(store: GithubStore, pull: StoredPullRequest, patch: PullPatch): StoredPullRequest {
  pull.state = patch.state ?? pull.state
  pull.title = patch.title ?? pull.title
  pull.body = patch.body === undefined ? pull.body : patch.body
  pull.authorAssociation = patch.authorAssociation ?? pull.authorAssociation
  pull.draft = patch.draft ?? pull.draft
  if (patch.headSha !== undefined) {
    pull.headSha = patch.headSha
    pull.mergeSha = commitSha(`merge ${pull.id} ${patch.headSha}`)
  }
  pull.updatedAt = store.now()
  return pull
}
