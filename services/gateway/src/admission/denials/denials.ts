import type { AdmittedRun } from '@forkproof/contracts/access'
import { AppError, isAppError } from '@forkproof/contracts/errors'
import type { ProjectId } from '@forkproof/contracts/ids'
import { type Denial, type DenialKey, denialsMax, type Project } from '@forkproof/contracts/trust'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { Builds } from '../../builds/ports.ts'
import type { ProjectStore } from '../projects/project-store.ts'
import { denialOf } from './denied-runs.ts'

/** Somebody else may change the project at the same time; more than this is no accident. */
const changesMax = 8
/** Visibility shows a build a second or so after its start: so the builds are looked at again this long after. */
const laterSweepsMs = [2_000, 5_000, 15_000] as const
const signalsAtOnce = 20

interface DenialsDeps {
  readonly projects: ProjectStore
  readonly builds: Pick<Builds, 'ofProject' | 'deny'>
  readonly clock: Clock
  readonly log: Logger
}

/** The maintainer's kill switch: refuses runs from now on, and ends their builds. */
export class Denials {
  readonly #deps: DenialsDeps

  constructor(deps: DenialsDeps) {
    this.#deps = deps
  }

  /**
   * Idempotent: the same key again has the newer words and the first time. Resolves once the builds that are known now
   * were told to end, with their number; it can be repeated when it fails.
   * @throws AppError project_not_found, too_many_denials, project_full, temporarily_unavailable
   */
  async deny(
    projectId: ProjectId,
    denial: Omit<Denial, 'createdAt'>,
  ): Promise<{ denial: Denial; endedBuilds: number }> {
    const createdAt = new Date(this.#deps.clock.now()).toISOString()
    const project = await this.#change(projectId, withDenial({ ...denial, createdAt }))
    this.#deps.log.info({ projectId, kind: denial.key, state: 'denied' }, 'a maintainer denied runs')
    const endedBuilds = await this.#sweep(projectId)
    void this.#sweepLater(projectId)
    const stored = project.denials.find(({ key }) => key === denial.key)
    if (!stored) throw new AppError('internal_error')
    return { denial: stored, endedBuilds }
  }

  /** Idempotent. @throws AppError project_not_found */
  async allow(projectId: ProjectId, key: DenialKey): Promise<void> {
    await this.#change(projectId, project => ({
      ...project,
      denials: project.denials.filter(denial => denial.key !== key),
    }))
    this.#deps.log.info({ projectId, kind: key, state: 'allowed' }, 'a maintainer removed a denial')
  }

  /** Asked again after a build was started, because the denial may have come in between. */
  async isDenied(projectId: ProjectId, run: AdmittedRun): Promise<boolean> {
    const found = await this.#deps.projects.find(projectId)
    return found !== undefined && denialOf(found.project.denials, run) !== undefined
  }

  async #change(projectId: ProjectId, change: (project: Project) => Project): Promise<Project> {
    for (let left = changesMax; ; left--) {
      const { revision } = await this.#deps.projects.get(projectId)
      try {
        return (await this.#deps.projects.change(projectId, revision, change)).project
      } catch (error) {
        const conflict = isAppError(error) && error.code === 'revision_conflict'
        if (!conflict || left <= 1) throw error
      }
    }
  }

  /** A run that is not known belongs to a build of an older release, and may be the denied one. */
  async #sweep(projectId: ProjectId): Promise<number> {
    const { projects, builds } = this.#deps
    const { project } = await projects.get(projectId)
    if (project.denials.length === 0) return 0
    const running = await builds.ofProject(projectId)
    const denied = running.filter(({ run }) => run === undefined || denialOf(project.denials, run) !== undefined)
    for (let from = 0; from < denied.length; from += signalsAtOnce) {
      await Promise.all(denied.slice(from, from + signalsAtOnce).map(({ buildId }) => builds.deny(buildId)))
    }
    return denied.length
  }

  async #sweepLater(projectId: ProjectId): Promise<void> {
    for (const ms of laterSweepsMs) {
      try {
        await this.#deps.clock.sleep(ms)
        await this.#sweep(projectId)
      } catch (err) {
        this.#deps.log.warn({ projectId, err }, 'builds of a denied run could not be looked for')
      }
    }
  }
}

const withDenial =
  (denial: Denial) =>
  (project: Project): Project => {
    const known = project.denials.find(({ key }) => key === denial.key)
    const others = project.denials.filter(({ key }) => key !== denial.key)
    if (others.length >= denialsMax) throw new AppError('too_many_denials')
    return { ...project, denials: [...others, { ...denial, createdAt: known?.createdAt ?? denial.createdAt }] }
  }
