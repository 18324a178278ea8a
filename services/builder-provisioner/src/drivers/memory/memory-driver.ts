import type { Egress, Platform } from '@forkproof/contracts/builder'
import type { BuilderId } from '@forkproof/contracts/ids'
import type { BuilderSpec, Driver, MissingPart, RunningBuilder } from '../driver.ts'

/** What goes wrong with the next builders; each is asked for anew at every step, so a test can change it at any time. */
export interface MemoryFaults {
  /** Awaited while a builder is made: a test lets it hang, or throw. */
  create?: (spec: BuilderSpec, signal: AbortSignal) => Promise<void> | void
  destroy?: (builderId: BuilderId, signal: AbortSignal) => Promise<void> | void
  list?: () => Promise<void> | void
  /** Traces that the next removals leave behind. */
  leaves?: readonly string[]
  missing?: readonly { readonly egress: Egress; readonly part: MissingPart }[]
}

interface Standing {
  readonly spec: BuilderSpec
  readonly traces: readonly string[]
  readonly end: (reason: string) => void
}

/** For tests: the machine is a map that outlives the process, as real processes and files do. Builds nothing. */
export class MemoryDriver implements Driver {
  readonly name = 'memory'
  readonly isolation = ['None: builders that build nothing, for tests.']
  readonly machine = new Map<BuilderId, Standing>()
  /** Every builder that was ever made, in order. */
  readonly made: BuilderSpec[] = []
  faults: MemoryFaults = {}
  served: { platform: Platform; emulated: boolean }[] = [{ platform: 'linux/amd64', emulated: false }]

  async missing({ egress }: { egress: Egress }): Promise<readonly MissingPart[]> {
    return (this.faults.missing ?? []).filter(one => one.egress === egress).map(({ part }) => part)
  }

  async platforms() {
    return this.served
  }

  async create(spec: BuilderSpec, signal: AbortSignal): Promise<RunningBuilder> {
    this.made.push(spec)
    const { promise: ended, resolve: end } = Promise.withResolvers<string>()
    this.machine.set(spec.builderId, { spec, traces: [`process of ${spec.builderId}`, 'mount state'], end })
    try {
      await this.faults.create?.(spec, signal)
      signal.throwIfAborted()
    } catch (error) {
      this.machine.delete(spec.builderId)
      throw error
    }
    return { socketPath: `/nowhere/${spec.builderId}.sock`, ended }
  }

  /** The builder ends by itself and leaves a file, as a process that died does. */
  kill(builderId: BuilderId, reason = 'killed'): void {
    const standing = this.machine.get(builderId)
    if (!standing) return
    this.machine.set(builderId, { ...standing, traces: ['file state'] })
    standing.end(reason)
  }

  async destroy(builderId: BuilderId, signal: AbortSignal): Promise<void> {
    await this.faults.destroy?.(builderId, signal)
    const standing = this.machine.get(builderId)
    if (!standing) return
    const traces = this.faults.leaves ?? []
    standing.end('destroyed')
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
