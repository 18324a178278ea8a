import { AppError } from '@forkproof/contracts/errors'
import type { ProjectId } from '@forkproof/contracts/ids'
import { strict } from '@forkproof/contracts/strict'
import { Project } from '@forkproof/contracts/trust'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import { newProjectId } from './random-name.ts'

const projectsMax = 1_000
/** The bus carries messages of up to a megabyte, and a history holds 64 of these. */
const documentBytesMax = 262_144
/** Reads of a list that are on their way at once. */
const readsAtOnce = 20

/** A project as it was read; a change must name this revision. */
export interface StoredProject {
  readonly project: Project
  readonly revision: number
}
interface ProjectRevision {
  readonly revision: number
  readonly atMs: number
  readonly deleted: boolean
  readonly project?: Project
}

/**
 * Projects in a revisioned bucket, one document each. Every change is a compare-and-set: the loser of a race gets
 * an error, and no change is lost.
 */
export class ProjectStore {
  readonly #bucket: Bucket
  readonly #clock: Clock

  constructor(bucket: Bucket, clock: Clock) {
    this.#bucket = bucket
    this.#clock = clock
  }

  /** @throws AppError too_many_projects */
  async create(name: string): Promise<StoredProject> {
    if ((await this.list()).length >= projectsMax) throw new AppError('too_many_projects')
    const createdAt = new Date(this.#clock.now()).toISOString()
    const project: Project = { id: newProjectId(), name, createdAt, relationships: [], denials: [] }
    const revision = await this.#bucket.create(project.id, JSON.stringify(project))
    if (revision === undefined) throw new Error('two projects were named alike')
    return { project, revision }
  }

  async find(id: ProjectId): Promise<StoredProject | undefined> {
    const entry = await this.#bucket.get(id)
    return entry && { project: parse(entry.value), revision: entry.revision }
  }

  /** @throws AppError project_not_found */
  async get(id: ProjectId): Promise<StoredProject> {
    const found = await this.find(id)
    if (!found) throw new AppError('project_not_found')
    return found
  }

  /** By creation. */
  async list(): Promise<readonly StoredProject[]> {
    const keys = await this.#bucket.keys()
    const found: StoredProject[] = []
    for (let from = 0; from < keys.length; from += readsAtOnce) {
      const some = await Promise.all(keys.slice(from, from + readsAtOnce).map(key => this.#bucket.get(key)))
      for (const entry of some) if (entry) found.push({ project: parse(entry.value), revision: entry.revision })
    }
    return found.toSorted((one, other) => creationOrder(one.project).localeCompare(creationOrder(other.project)))
  }

  /** @throws AppError project_not_found, revision_conflict, project_full, and what `change` throws */
  async change(id: ProjectId, revision: number, change: (project: Project) => Project): Promise<StoredProject> {
    const current = await this.get(id)
    if (current.revision !== revision) throw new AppError('revision_conflict')
    const project = writtenProject.parse(change(current.project))
    const text = JSON.stringify(project)
    if (Buffer.byteLength(text) > documentBytesMax) throw new AppError('project_full')
    const next = await this.#bucket.update(id, text, revision)
    if (next === undefined) throw new AppError('revision_conflict')
    return { project, revision: next }
  }

  /** The history stays. @throws AppError project_not_found, revision_conflict */
  async remove(id: ProjectId, revision: number): Promise<void> {
    const current = await this.get(id)
    if (current.revision !== revision) throw new AppError('revision_conflict')
    if (!(await this.#bucket.remove(id, revision))) throw new AppError('revision_conflict')
  }

  /** What the bucket keeps of a project, a deleted one too, oldest first. @throws AppError project_not_found */
  async history(id: ProjectId): Promise<readonly ProjectRevision[]> {
    const revisions = await this.#bucket.history(id)
    if (revisions.length === 0) throw new AppError('project_not_found')
    return revisions.map(({ revision, writtenAtMs: atMs, deleted, value }) =>
      deleted ? { revision, atMs, deleted } : { revision, atMs, deleted, project: parse(value) },
    )
  }
}

const writtenProject = strict(Project)
const parse = (text: string): Project => Project.parse(JSON.parse(text))
const creationOrder = ({ createdAt, id }: Project): string => `${createdAt} ${id}`
