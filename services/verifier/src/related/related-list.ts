import { type RelatedRepositories, relatedRepositoriesMax } from '@forkproof/contracts/github-report'
import { DecimalId, type RepositoryName } from '@forkproof/contracts/ids'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { z } from 'zod'

const readEveryMs = 10_000
/** Projects that are read at once. */
const readsAtOnce = 20
/** Names that are asked for in one round; each costs a request, and a free one when it is asked for again. */
const namesARoundMax = 50
/** A repository that is renamed is known by its new name after this time. */
const nameFreshMs = 600_000

/**
 * Of a project only the repositories: other members are no business of this service. Tolerant of newer rules, since
 * nobody is admitted by this.
 */
const NamedRepositories = z.object({
  relationships: z.array(z.object({ rule: z.object({ repositoryId: DecimalId }) })),
})

interface RelatedListDeps {
  readonly projects: () => Promise<Pick<Bucket, 'keys' | 'get'>>
  /** The present name of a repository; undefined when the public cannot see it. @throws when GitHub cannot be asked */
  readonly nameOf: (id: string, signal: AbortSignal) => Promise<RepositoryName | undefined>
  readonly clock: Clock
  readonly log: Logger
}

/**
 * docs/glossary.md: related repository.
 * Which repositories the projects name. Projects name numeric ids and claims name names, so GitHub is asked for the
 * names (docs/decisions/0036-the-verifier-reads-projects.md). Used for who is served and who comes first, never for who
 * is admitted.
 */
export class RelatedList {
  readonly #deps: RelatedListDeps
  #ids: ReadonlySet<string> | undefined
  readonly #names = new Map<string, { readonly name: RepositoryName | undefined; readonly atMs: number }>()
  #known: ReadonlySet<string> = new Set()

  constructor(deps: RelatedListDeps) {
    this.#deps = deps
  }

  /** False before the projects were read once. */
  get isRead(): boolean {
    return this.#ids !== undefined
  }

  /** By name, as GitHub compares them. */
  has(repository: RepositoryName): boolean {
    return this.#known.has(repository.toLowerCase())
  }

  hasId(repositoryId: string): boolean {
    return this.#ids?.has(repositoryId) ?? false
  }

  /** Undefined before the projects were read once. */
  get document(): RelatedRepositories | undefined {
    if (!this.#ids) return undefined
    const ids = [...this.#ids]
    const repositories = ids.flatMap(id => {
      const name = this.#names.get(id)?.name
      return name === undefined ? [] : [{ id, name }]
    })
    const unresolved = ids.filter(id => !this.#names.has(id)).length
    return { atMs: this.#deps.clock.now(), repositories, unresolved }
  }

  /** Keeps the list up to date until the signal aborts. `onRound` hears of each round, also of one that failed. */
  async run(signal: AbortSignal, onRound: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      await this.refresh(signal).catch(err => {
        if (!signal.aborted) log.warn({ err }, 'the repositories of the projects could not be read')
      })
      await onRound()
      await clock.sleep(readEveryMs, signal).catch(() => undefined)
    }
  }

  /** One round. What could be read before a failure stays. */
  async refresh(signal: AbortSignal): Promise<void> {
    this.#ids = await this.#readIds()
    for (const id of this.#names.keys()) if (!this.#ids.has(id)) this.#names.delete(id)
    this.#index()
    const { clock, nameOf } = this.#deps
    const staleMs = clock.now() - nameFreshMs
    const wanted = [...this.#ids].filter(id => (this.#names.get(id)?.atMs ?? Number.NEGATIVE_INFINITY) <= staleMs)
    // Those without a name first: they are not served by name yet.
    const inOrder = wanted.toSorted((one, other) => Number(this.#names.has(one)) - Number(this.#names.has(other)))
    for (const id of inOrder.slice(0, namesARoundMax)) {
      const name = await nameOf(id, signal)
      this.#names.set(id, { name, atMs: clock.now() })
      this.#index()
    }
  }

  async #readIds(): Promise<ReadonlySet<string>> {
    const bucket = await this.#deps.projects()
    const keys = await bucket.keys()
    const ids = new Set<string>()
    for (let from = 0; from < keys.length; from += readsAtOnce) {
      const entries = await Promise.all(keys.slice(from, from + readsAtOnce).map(key => bucket.get(key)))
      for (const id of entries.flatMap(entry => (entry ? idsOf(entry.value) : []))) ids.add(id)
    }
    if (ids.size <= relatedRepositoriesMax) return ids
    this.#deps.log.error({ count: ids.size }, 'the projects name more repositories than can be served')
    return new Set([...ids].slice(0, relatedRepositoriesMax))
  }

  #index(): void {
    this.#known = new Set([...this.#names.values()].flatMap(({ name }) => (name ? [name.toLowerCase()] : [])))
  }
}

/** A document that cannot be understood names nobody. */
function idsOf(text: string): readonly string[] {
  try {
    return NamedRepositories.parse(JSON.parse(text)).relationships.map(({ rule }) => rule.repositoryId)
  } catch {
    return []
  }
}
