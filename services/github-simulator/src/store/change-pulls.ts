import { ensureUser } from './change-repositories.ts'
import type { GithubStore } from './github-store.ts'
import { commitSha } from './id-sequence.ts'
import { requireRoom, StateProblem } from './state-problem.ts'
import { pullsMax } from './store-limits.ts'
import type { AuthorAssociation, StoredPullRequest, StoredRepository } from './stored-types.ts'

export const pullStates = ['open', 'closed', 'merged'] as const
type PullState = (typeof pullStates)[number]

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
  associationInPublic?: AuthorAssociation | undefined
  draft?: boolean | undefined
  state?: PullState | undefined
}

interface PullPatch {
  state?: PullState | undefined
  /** Retargets it. Runs that it started before keep what they have. */
  baseBranch?: string | undefined
  title?: string | undefined
  body?: string | null | undefined
  headSha?: string | undefined
  authorAssociation?: AuthorAssociation | undefined
  associationInPublic?: AuthorAssociation | undefined
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
  const authorAssociation = input.authorAssociation ?? 'FIRST_TIME_CONTRIBUTOR'
  const pull: StoredPullRequest = {
    id,
    number,
    repositoryId: repository.id,
    authorId: ensureUser(store, input.author ?? headOwner.login).id,
    authorAssociation,
    associationInPublic: input.associationInPublic ?? inPublic(authorAssociation),
    title: input.title ?? `Change number ${number}`,
    body: input.body ?? null,
    state: 'open',
    mergedAt: null,
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
  if (input.state !== undefined) setState(pull, input.state, now)
  pulls.set(number, pull)
  store.pulls.set(repository.id, pulls)
  store.announce({ kind: 'pull', pull, action: 'opened', before: pull })
  return pull
}

/** Members are private unless they say otherwise, and then look like contributors (actions/github-script#643). */
function inPublic(association: AuthorAssociation): AuthorAssociation {
  return association === 'MEMBER' ? 'CONTRIBUTOR' : association
}

function setState(pull: StoredPullRequest, state: PullState, now: number): void {
  pull.state = state === 'open' ? 'open' : 'closed'
  pull.mergedAt = state === 'merged' ? now : null
}

export function patchPull(store: GithubStore, pull: StoredPullRequest, patch: PullPatch): StoredPullRequest {
  const before = { ...pull }
  if (patch.state !== undefined) setState(pull, patch.state, store.now())
  if (patch.baseBranch !== undefined) {
    pull.baseBranch = patch.baseBranch
    pull.baseSha = commitSha(`base ${pull.repositoryId} ${patch.baseBranch}`)
    pull.mergeSha = commitSha(`merge ${pull.id} ${pull.headSha} ${patch.baseBranch}`)
  }
  pull.title = patch.title ?? pull.title
  pull.body = patch.body === undefined ? pull.body : patch.body
  if (patch.authorAssociation !== undefined) {
    pull.authorAssociation = patch.authorAssociation
    pull.associationInPublic = inPublic(patch.authorAssociation)
  }
  pull.associationInPublic = patch.associationInPublic ?? pull.associationInPublic
  pull.draft = patch.draft ?? pull.draft
  if (patch.headSha !== undefined) {
    pull.headSha = patch.headSha
    pull.mergeSha = commitSha(`merge ${pull.id} ${patch.headSha}`)
  }
  pull.updatedAt = store.now()
  for (const action of actionsOf(pull, before)) store.announce({ kind: 'pull', pull, action, before })
  return pull
}

/** One event for each kind of change; an association that changes is none. */
function actionsOf(pull: StoredPullRequest, before: StoredPullRequest) {
  const isEdited = (['title', 'body', 'baseBranch'] as const).some(member => pull[member] !== before[member])
  return [
    ...(isEdited ? ['edited' as const] : []),
    ...(pull.headSha === before.headSha ? [] : ['synchronize' as const]),
    ...(pull.state === before.state ? [] : [pull.state === 'open' ? ('reopened' as const) : ('closed' as const)]),
  ]
}
