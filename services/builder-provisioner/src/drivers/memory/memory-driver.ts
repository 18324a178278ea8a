import type { Egress, Platform } from '@forkproof/contracts/builder'
import type { BuilderId } from '@forkproof/contracts/ids'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import type { MissingPart } from '../../host/missing-part.ts'
import { unixEndpoint } from '../../state/builder-endpoint.ts'
import type { BuilderEnd, BuilderSpec, Driver, DriverDefinition, RunningBuilder } from '../driver.ts'
import { memoryDriverSettings } from './config.ts'

/** What goes wrong with the next builders. Read anew at every step, so that a test can change it at any time. */
interface MemoryFaults {
  /** Awaited while a builder is created: a test lets it hang, or throw. */
  create?: (spec: BuilderSpec, signal: AbortSignal) => Promise<void> | void
  destroy?: (builderId: BuilderId, signal: AbortSignal) => Promise<void> | void
  list?: () => Promise<void> | void
  /** Traces that the next removals leave behind. */
  leaves?: readonly string[]
  missing?: readonly { readonly egress: Egress; readonly part: MissingPart }[]
}

interface StandingBuilder {
  readonly spec: BuilderSpec
  readonly traces: readonly string[]
  readonly end: (end: BuilderEnd) => void
}
type MemoryMachine = Map<BuilderId, StandingBuilder>

const endedByItself = (detail: string): BuilderEnd => ({ lossReason: 'ended_by_itself', detail })

/** For tests: the machine is a map that outlives the process, as real processes and files do. Builds nothing. */
export class MemoryDriver implements Driver {
  readonly isolation = ['None: builders that build nothing, for tests.']
  readonly machine: MemoryMachine
  /** Every builder that was ever made, in order. */
  readonly made: BuilderSpec[] = []
  faults: MemoryFaults = {}
  served: { platform: Platform; emulated: boolean }[] = [{ platform: 'linux/amd64', emulated: false }]
  readonly #clock: Clock

  constructor({ machine = new Map(), clock = systemClock }: { machine?: MemoryMachine; clock?: Clock } = {}) {
    this.machine = machine
    this.#clock = clock
  }

  async missing({ egress }: { egress: Egress }): Promise<readonly MissingPart[]> {
    return (this.faults.missing ?? []).filter(one => one.egress === egress).map(({ part }) => part)
  }

  async platforms() {
    return this.served
  }

  async create(spec: BuilderSpec, signal: AbortSignal): Promise<RunningBuilder> {
    const { builderId } = spec
    if (this.machine.has(builderId)) throw new Error(`builder ${builderId} exists`)
    if (this.#isStateTaken(spec)) throw new Error('another builder has the state of this project')
    this.made.push(spec)
    const { promise: ended, resolve: end } = Promise.withResolvers<BuilderEnd>()
    this.machine.set(builderId, { spec, traces: [`process 1 of ${builderId}`, 'mount state'], end })
    try {
      await this.faults.create?.(spec, signal)
      signal.throwIfAborted()
    } catch (error) {
      this.machine.delete(builderId)
      throw error
    }
    void this.#endInTime(spec)
    return { endpoint: unixEndpoint(`/nowhere/${builderId}.sock`), ended }
  }

  #isStateTaken({ kind, platform }: BuilderSpec): boolean {
    if (kind.class !== 'project') return false
    return [...this.machine.values()].some(
      ({ spec }) =>
        spec.kind.class === 'project' && spec.kind.projectId === kind.projectId && spec.platform === platform,
    )
  }

  async #endInTime({ builderId, endsAtMs }: BuilderSpec): Promise<void> {
    await this.#clock.sleep(Math.max(0, endsAtMs - this.#clock.now()))
    this.kill(builderId, endedByItself('its time was over'))
  }

  /** The builder ends by itself and leaves a file, as a process that died does. */
  kill(builderId: BuilderId, end: BuilderEnd = endedByItself('killed')): void {
    const standing = this.machine.get(builderId)
    if (!standing) return
    this.machine.set(builderId, { ...standing, traces: ['file state'] })
    standing.end(end)
  }

  async destroy(builderId: BuilderId, signal: AbortSignal): Promise<void> {
    await this.faults.destroy?.(builderId, signal)
    const standing = this.machine.get(builderId)
    if (!standing) return
    const traces = this.faults.leaves ?? []
    standing.end(endedByItself('destroyed'))
    if (traces.length === 0) {
      this.machine.delete(builderId)
      return
    }
    this.machine.set(builderId, { ...standing, traces })
    throw new Error(`left: ${traces.join(', ')}`)
  }

  async list(): Promise<readonly BuilderId[]> {
    await this.faults.list?.()
    return [...this.machine.keys()]
  }

  async inventory(builderId: BuilderId): Promise<readonly string[]> {
    return this.machine.get(builderId)?.traces ?? []
  }
}

export const memoryDriver: DriverDefinition<typeof memoryDriverSettings> = {
  settings: memoryDriverSettings,
  runsBuildKit: false,
  refusal: ({ memoryDriverAllowed }) =>
    memoryDriverAllowed === 'yes'
      ? undefined
      : `which builds nothing: it is for tests, and needs ${memoryDriverSettings.memoryDriverAllowed.env}=yes`,
  create: () => new MemoryDriver(),
}
