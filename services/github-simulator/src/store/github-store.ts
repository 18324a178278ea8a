import type { Clock } from '@forkproof/infra/clock'
import { type IdKind, IdSequence } from './id-sequence.ts'
import { RunFeed } from './run-feed.ts'
import { StateProblem } from './state-problem.ts'
import type { StoreChange } from './store-change.ts'
import type {
  StoredArtifact,
  StoredAttempt,
  StoredJob,
  StoredPullRequest,
  StoredRepository,
  StoredRun,
  StoredUser,
} from './stored-types.ts'

/**
 * Everything that the simulated github.com remembers, in memory. Readers use the maps and lookups; only the functions
 * of this folder write.
 */
export class GithubStore {
  readonly clock: Clock
  readonly ids = new IdSequence()
  readonly users = new Map<number, StoredUser>()
  readonly usersByLogin = new Map<string, number>()
  readonly repositories = new Map<number, StoredRepository>()
  /** Lower-case `owner/name` to id. A former name stays until another repository takes it: GitHub redirects it. */
  readonly repositoriesByName = new Map<string, number>()
  /** How many forks each repository has. */
  readonly forkCounts = new Map<number, number>()
  /** Per repository by number, oldest first. */
  readonly pulls = new Map<number, Map<number, StoredPullRequest>>()
  readonly runs = new Map<number, StoredRun>()
  readonly runsByRepository = new Map<number, number[]>()
  readonly jobs = new Map<number, StoredJob>()
  readonly jobsByHiddenId = new Map<string, number>()
  readonly jobsByBackendId = new Map<string, number>()
  readonly artifacts = new Map<number, StoredArtifact>()
  readonly #listeners: ((change: StoreChange) => void)[] = []
  readonly #feeds = new Map<number, RunFeed>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  now(): number {
    return this.clock.now()
  }

  /** Listeners are told after the change, and may not change anything themselves. */
  onChange(listener: (change: StoreChange) => void): void {
    this.#listeners.push(listener)
  }

  announce(change: StoreChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  takeId(kind: IdKind, wanted?: number): number {
    const id = this.ids.take(kind, wanted)
    if (id === undefined) throw new StateProblem(409, `${kind} id ${wanted} is taken`)
    return id
  }

  feed(runId: number): RunFeed {
    let feed = this.#feeds.get(runId)
    if (feed === undefined) {
      feed = new RunFeed()
      this.#feeds.set(runId, feed)
    }
    return feed
  }

  findRepository(owner: string, name: string): StoredRepository | undefined {
    const id = this.repositoriesByName.get(`${owner}/${name}`.toLowerCase())
    return id === undefined ? undefined : this.repositories.get(id)
  }

  userByLogin(login: string): StoredUser | undefined {
    const id = this.usersByLogin.get(login.toLowerCase())
    return id === undefined ? undefined : this.users.get(id)
  }

  user(id: number): StoredUser {
    return found(this.users.get(id), 'user', id)
  }

  repository(id: number): StoredRepository {
    return found(this.repositories.get(id), 'repository', id)
  }

  run(id: number): StoredRun {
    return found(this.runs.get(id), 'run', id)
  }

  job(id: number): StoredJob {
    return found(this.jobs.get(id), 'job', id)
  }

  artifact(id: number): StoredArtifact {
    return found(this.artifacts.get(id), 'artifact', id)
  }

  fullName(repository: StoredRepository): string {
    return `${this.user(repository.ownerId).login}/${repository.name}`
  }

  repositoryByFullName(fullName: string): StoredRepository {
    const [owner = '', name = ''] = fullName.split('/')
    return found(this.findRepository(owner, name), 'repository', fullName)
  }

  pull(repositoryId: number, number: number): StoredPullRequest {
    return found(this.pulls.get(repositoryId)?.get(number), 'pull request', number)
  }
}

/** The attempt that GitHub shows for the run itself. */
export function latestAttempt(run: StoredRun): StoredAttempt {
  const attempt = run.attempts.at(-1)
  if (attempt === undefined) throw new Error('a run always has an attempt')
  return attempt
}

/** Whether the run's code comes from another repository. */
export function isForkRun(run: StoredRun): boolean {
  return run.event === 'pull_request' && run.headRepositoryId !== run.repositoryId
}

function found<T>(value: T | undefined, what: string, key: string | number): T {
  if (value === undefined) throw new StateProblem(404, `no ${what} ${key}`)
  return value
}
