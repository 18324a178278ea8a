import { dependabotId, dependabotLogin } from './dependabot-runs.ts'
import type { GithubStore } from './github-store.ts'
import { requireRoom, StateProblem } from './state-problem.ts'
import { repositoriesMax, usersMax } from './store-limits.ts'
import type { StoredRepository, StoredUser } from './stored-types.ts'

interface UserInput {
  login: string
  id?: number | undefined
  type?: StoredUser['type'] | undefined
}

interface RepositoryInput {
  owner: string
  name: string
  id?: number | undefined
  visibility?: StoredRepository['visibility'] | undefined
  defaultBranch?: string | undefined
  description?: string | undefined
  readers?: string[] | undefined
}

interface RepositoryPatch {
  name?: string | undefined
  owner?: string | undefined
  visibility?: StoredRepository['visibility'] | undefined
  description?: string | undefined
  readers?: string[] | undefined
}

export function createUser(store: GithubStore, input: UserInput): StoredUser {
  if (store.userByLogin(input.login) !== undefined) throw new StateProblem(409, `login ${input.login} is taken`)
  requireRoom(store.users.size, usersMax, 'users')
  const user: StoredUser = { id: store.takeId('user', input.id), login: input.login, type: input.type ?? 'User' }
  store.users.set(user.id, user)
  store.usersByLogin.set(user.login.toLowerCase(), user.id)
  return user
}

export function ensureUser(store: GithubStore, login: string): StoredUser {
  return store.userByLogin(login) ?? createUser(store, botOf(login))
}

/** GitHub's Apps act under logins that end so. Dependabot has the number that it has on github.com. */
function botOf(login: string): UserInput {
  if (!login.endsWith('[bot]')) return { login }
  return { login, type: 'Bot', ...(login === dependabotLogin ? { id: dependabotId } : {}) }
}

export function createRepository(
  store: GithubStore,
  input: RepositoryInput,
  parentId: number | null = null,
): StoredRepository {
  requireRoom(store.repositories.size, repositoriesMax, 'repositories')
  const owner = ensureUser(store, input.owner)
  requireFreeName(store, owner.login, input.name)
  const now = store.now()
  const repository: StoredRepository = {
    id: store.takeId('repository', input.id),
    ownerId: owner.id,
    name: input.name,
    visibility: input.visibility ?? 'public',
    defaultBranch: input.defaultBranch ?? 'main',
    description: input.description ?? null,
    parentId,
    readers: input.readers ?? [],
    createdAt: now,
    updatedAt: now,
  }
  store.repositories.set(repository.id, repository)
  store.repositoriesByName.set(nameKey(owner.login, input.name), repository.id)
  countForks(store, parentId, 1)
  return repository
}

export function forkRepository(
  store: GithubStore,
  parent: StoredRepository,
  input: { owner: string; name?: string | undefined; id?: number | undefined },
): StoredRepository {
  const fork = {
    owner: input.owner,
    name: input.name ?? parent.name,
    id: input.id,
    defaultBranch: parent.defaultBranch,
  }
  return createRepository(store, fork, parent.id)
}

/** Renames, transfers or hides. The former name keeps pointing here until another repository takes it. */
export function patchRepository(
  store: GithubStore,
  repository: StoredRepository,
  patch: RepositoryPatch,
): StoredRepository {
  const owner = patch.owner === undefined ? store.user(repository.ownerId) : ensureUser(store, patch.owner)
  const name = patch.name ?? repository.name
  if (owner.id !== repository.ownerId || name !== repository.name) {
    requireFreeName(store, owner.login, name, repository.id)
    store.repositoriesByName.set(nameKey(owner.login, name), repository.id)
    repository.ownerId = owner.id
    repository.name = name
  }
  repository.visibility = patch.visibility ?? repository.visibility
  repository.description = patch.description ?? repository.description
  repository.readers = patch.readers ?? repository.readers
  repository.updatedAt = store.now()
  return repository
}

/** Runs and pull requests from a deleted fork stay, with null where the fork was (docs/facts/github.md#runs). */
export function deleteRepository(store: GithubStore, repository: StoredRepository): void {
  store.repositories.delete(repository.id)
  countForks(store, repository.parentId, -1)
  for (const [key, id] of store.repositoriesByName) if (id === repository.id) store.repositoriesByName.delete(key)
}

function countForks(store: GithubStore, parentId: number | null, change: 1 | -1): void {
  if (parentId !== null) store.forkCounts.set(parentId, (store.forkCounts.get(parentId) ?? 0) + change)
}

function requireFreeName(store: GithubStore, owner: string, name: string, selfId?: number): void {
  const holder = store.findRepository(owner, name)
  const isCurrentName = holder !== undefined && nameKeyOf(store, holder) === nameKey(owner, name)
  if (isCurrentName && holder.id !== selfId) throw new StateProblem(409, `repository ${owner}/${name} exists`)
}

function nameKeyOf(store: GithubStore, repository: StoredRepository): string {
  return nameKey(store.user(repository.ownerId).login, repository.name)
}

function nameKey(owner: string, name: string): string {
  return `${owner}/${name}`.toLowerCase()
}
