import type { BuilderClass, Egress } from '@forkproof/contracts/builder'
import { BuilderId } from '@forkproof/contracts/ids'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import type { MissingPart } from '../../host/missing-part.ts'
import { SerialQueue } from '../../host/serial-queue.ts'
import type { BuilderNetwork } from '../../network/network.ts'
import type { UnixEndpoint } from '../../state/builder-endpoint.ts'
import type { BuilderSpec, Driver, DriverDefinition, RunningBuilder } from '../driver.ts'
import { hostPlatforms } from '../host-platforms.ts'
import { BuilderFiles, type BuilderFilesRecord } from './builder-files.ts'
import { processDriverSettings } from './config.ts'
import { destroyProcessBuilder } from './destroy-process-builder.ts'
import { type ProcessHost, readProcessHost } from './process-host.ts'
import { missingForProcesses } from './process-requirements.ts'
import { loopDevices, type ProcessTraceDeps, processTracesOf } from './process-traces.ts'
import { reserveBuilder } from './reserve-builder.ts'
import { startProcessBuilder } from './start-process-builder.ts'
import type { UserRanges } from './user-ranges.ts'

/** For undoing a builder that did not come up, whatever the caller's signal says. */
const undoMsMax = 15_000
/** Records of builders that are gone, so that a receipt's inventory still knows whose processes to look for. */
const rememberedMax = 512

export interface ProcessDriverOptions {
  /** Absolute. `builders/`, `cache/` and `skeleton-*` below it are this driver's. */
  readonly stateFolder: string
  readonly programs: { readonly buildkitd: string; readonly runc: string }
  /** Path of the cgroup below which builders get theirs, in every tree. */
  readonly cgroup: string
  /** Users and groups of the machine that are given to builders, 65536 to each. */
  readonly users: UserRanges
  /** Size of the disk that a project keeps. */
  readonly projectDiskBytes: number
  /** Where binfmt_misc is mounted, if not at the usual place. */
  readonly binfmtFolder?: string
  /** Absent: builders with egress `internet` are refused. */
  readonly network?: BuilderNetwork
  readonly clock?: Clock
}

/**
 * Builders that are processes of this machine: rootless BuildKit in namespaces, with a root, users, cgroups and a disk
 * of its own each.
 */
export class ProcessDriver implements Driver {
  readonly isolation = [
    'Users and groups of its own: its root is an ordinary, unused user of the machine, different for every builder, and no privilege can be gained.',
    'A root of its own, read-only but for its disk: system programs, no file of a user, of the machine’s configuration or of another builder.',
    'Namespaces of its own for processes, mounts, network, IPC, host name and cgroups; none for users can be made below it, and its network is not its own to change.',
    'No network but loopback, or one link that leads to public addresses only; BuildKit’s interface is a unix socket that no build step can see.',
    'Memory, processes and CPU are bounded by cgroups around it, disk by a file system image of its own.',
    'It dies with the provisioner, and when its time is over, by the kernel and by a clock outside of it.',
    'What it shares with the machine and with other builders is the kernel.',
  ]
  readonly #options: ProcessDriverOptions
  readonly #clock: Clock
  readonly #queue = new SerialQueue()
  readonly #remembered = new Map<BuilderId, BuilderFilesRecord>()
  #host: Promise<ProcessHost> | undefined

  constructor(options: ProcessDriverOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  async missing(
    { egress }: { egress: Egress; builderClass: BuilderClass },
    signal: AbortSignal,
  ): Promise<readonly MissingPart[]> {
    const { network } = this.#options
    const missing = await missingForProcesses(this.#options, signal)
    if (egress === 'none') return missing
    return [...missing, ...(network ? await network.missing(signal) : [noUplink])]
  }

  platforms() {
    return hostPlatforms(process.arch, this.#options.binfmtFolder)
  }

  async create(spec: BuilderSpec, signal: AbortSignal): Promise<RunningBuilder<UnixEndpoint>> {
    const { users, programs, projectDiskBytes, network } = this.#options
    if (spec.egress === 'internet' && !network) throw new Error(`there is no ${noUplink.what}`)
    signal.throwIfAborted()
    const host = await this.#readHost()
    const traceDeps = this.#traceDeps(host, spec.builderId)
    // Everything that must not be given twice is given here, one builder at a time.
    const record = await this.#queue.run(() => reserveBuilder(spec, { host, users, files: traceDeps.files }))
    try {
      const deps = { record, traceDeps, host, programs, projectDiskBytes, clock: this.#clock }
      return await startProcessBuilder(spec, deps, signal)
    } catch (error) {
      throw await this.#undo(spec.builderId, error)
    }
  }

  async destroy(builderId: BuilderId, signal: AbortSignal): Promise<void> {
    const traceDeps = this.#traceDeps(await this.#readHost(), builderId)
    const record = await this.#recordOf(builderId, traceDeps.files)
    await destroyProcessBuilder(builderId, record, traceDeps, signal, this.#clock)
  }

  async list(signal: AbortSignal): Promise<readonly BuilderId[]> {
    const { builders, cgroups } = await this.#readHost()
    const [folders, groups, links, loops] = await Promise.all([
      BuilderFiles.list(builders),
      cgroups.builders(),
      this.#options.network?.linked(signal) ?? [],
      loopDevices(),
    ])
    const disks = loops
      .filter(({ file }) => file.startsWith(`${builders}/`))
      .flatMap(({ file }) => BuilderId.safeParse(file.slice(builders.length + 1).split('/')[0]).data ?? [])
    return [...new Set([...folders, ...groups, ...links, ...disks])].sort()
  }

  async inventory(builderId: BuilderId, signal: AbortSignal): Promise<readonly string[]> {
    const traceDeps = this.#traceDeps(await this.#readHost(), builderId)
    return processTracesOf(builderId, await this.#recordOf(builderId, traceDeps.files), traceDeps, signal)
  }

  #readHost(): Promise<ProcessHost> {
    this.#host ??= readProcessHost(this.#options.stateFolder, this.#options.cgroup).catch(error => {
      this.#host = undefined
      throw error
    })
    return this.#host
  }

  #traceDeps({ builders, cgroups }: ProcessHost, builderId: BuilderId): ProcessTraceDeps {
    return { files: new BuilderFiles(builders, builderId), cgroups, network: this.#options.network }
  }

  async #recordOf(builderId: BuilderId, files: BuilderFiles): Promise<BuilderFilesRecord | undefined> {
    const record = await files.read()
    if (!record) return this.#remembered.get(builderId)
    this.#remembered.set(builderId, record)
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size > rememberedMax && oldest !== undefined) this.#remembered.delete(oldest)
    return record
  }

  async #undo(builderId: BuilderId, cause: unknown): Promise<unknown> {
    try {
      await this.destroy(builderId, AbortSignal.timeout(undoMsMax))
      return cause
    } catch (left) {
      return new AggregateError([cause, left], `builder ${builderId} did not come up and is not all gone`)
    }
  }
}

export const processDriver: DriverDefinition<typeof processDriverSettings> = {
  settings: processDriverSettings,
  runsBuildKit: true,
  create: (config, options, { network }) =>
    new ProcessDriver({
      ...options,
      programs: { buildkitd: config.buildkitdPath, runc: config.runcPath },
      cgroup: config.cgroup,
      users: { first: config.userFirst, count: config.userRanges },
      network,
    }),
}

const noUplink: MissingPart = {
  what: 'a way out for builders',
  howToGet: 'configure the provisioner’s uplink, or allow only builders without egress',
}
