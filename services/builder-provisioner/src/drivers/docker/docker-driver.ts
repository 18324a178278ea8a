import { join } from 'node:path'
import type { BuilderClass, Egress } from '@forkproof/contracts/builder'
import { BuilderId } from '@forkproof/contracts/ids'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import type { MissingPart } from '../../host/missing-part.ts'
import type { BuilderNetwork } from '../../network/network.ts'
import { type UnixEndpoint, unixEndpoint } from '../../state/builder-endpoint.ts'
import type { BuilderEnd, BuilderSpec, Driver, DriverDefinition, RunningBuilder } from '../driver.ts'
import { hostPlatforms } from '../host-platforms.ts'
import { BuilderFolder, type BuilderTrace, emptyTrace } from './builder-folder.ts'
import { dockerDriverSettings } from './config.ts'
import { containerPathsOf } from './container-paths.ts'
import { containerLabels, containerName, containerSocketName, wallClockExitCode } from './container-request.ts'
import { containerTracesOf } from './container-traces.ts'
import { destroyContainerBuilder } from './destroy-container-builder.ts'
import { missingForDocker } from './docker-requirements.ts'
import { EngineClient } from './engine-client.ts'
import { EngineUnreachable } from './engine-request.ts'
import { type InitProcess, untilEnded } from './init-process.ts'
import { startContainerBuilder } from './start-container-builder.ts'

/** For undoing a builder that did not come up, whatever the caller's signal says. */
const undoMsMax = 30_000
const reasonMsMax = 2_000
/** 128 + SIGKILL, as shells report it. */
const killedExitCode = 137
/** Traces that are remembered after the folder is gone, so that a receipt's inventory still knows what to look for. */
const rememberedMax = 512

interface DockerDriverOptions {
  /** Path of the Docker daemon's unix socket. */
  readonly socketPath: string
  /**
   * Reference of an image with `buildkitd`, `runc` (or `buildkit-runc`), `mkfifo`, and a `/bin/sh` whose `read` has
   * `-t`.
   */
  readonly image: string
  readonly nodeId: string
  /** Absolute. `builders/` and `cache/` below it are this driver's. */
  readonly stateFolder: string
  /** Disk of a project's kept state; that of every builder when absent. */
  readonly projectDiskBytes?: number
  /** Where binfmt_misc is mounted, if not at the usual place. */
  readonly binfmtFolder?: string
  /** Absent: builders with egress `internet` are refused. */
  readonly network?: BuilderNetwork
  readonly clock?: Clock
}

export class DockerDriver implements Driver {
  readonly isolation = [
    'A container of a Docker daemon with user namespaces: its root is an ordinary, unused user of the machine, and no privilege can be gained.',
    'Namespaces of its own for processes, mounts, network, IPC, host name and cgroups; system calls that reach the kernel’s rarely used deps are refused.',
    'No network at all, or one link that leads to public addresses only; BuildKit’s interface is a unix socket that no build step can see.',
    'Memory, processes and CPU are bounded by cgroups around the container, disk by a file system image of its own.',
    'Process 1 of the container ends it when its time is over, without Docker and without us.',
    'All containers of one daemon share one range of user ids: what separates them from each other is namespaces, not ids.',
  ]
  readonly #options: DockerDriverOptions
  readonly #engine: EngineClient
  readonly #clock: Clock
  readonly #builders: string
  readonly #remembered = new Map<BuilderId, BuilderTrace>()
  readonly #watched = new Map<BuilderId, AbortController>()

  constructor(options: DockerDriverOptions) {
    this.#options = options
    this.#engine = new EngineClient(options.socketPath)
    this.#clock = options.clock ?? systemClock
    this.#builders = join(options.stateFolder, 'builders')
  }

  async missing(
    need: { egress: Egress; builderClass: BuilderClass },
    signal: AbortSignal,
  ): Promise<readonly MissingPart[]> {
    const { image, network } = this.#options
    const missing = await missingForDocker({ engine: this.#engine, image, builders: this.#builders }, signal)
    if (need.egress === 'none') return missing
    return [...missing, ...(network === undefined ? [noUplink] : await network.missing(signal))]
  }

  async platforms(signal: AbortSignal) {
    return hostPlatforms((await this.#engine.info(signal)).Architecture, this.#options.binfmtFolder)
  }

  async create(spec: BuilderSpec, signal: AbortSignal): Promise<RunningBuilder<UnixEndpoint>> {
    const { image, nodeId, stateFolder, network, projectDiskBytes } = this.#options
    const { builderId } = spec
    const diskBytes = (spec.kind.class === 'project' ? projectDiskBytes : undefined) ?? spec.limits.diskBytes
    const folder = this.#folder(builderId)
    if ((await folder.read()) !== undefined) throw new Error(`builder ${builderId} exists`)
    const deps = {
      ...{ engine: this.#engine, clock: this.#clock, network, folder, image, nodeId },
      cacheFolder: join(stateFolder, 'cache'),
      holderExists: async (holder: string) =>
        BuilderId.safeParse(holder).success && (await this.#folder(BuilderId.parse(holder)).read()) !== undefined,
    }
    try {
      const init = await startContainerBuilder({ ...spec, limits: { ...spec.limits, diskBytes } }, deps, signal)
      return {
        endpoint: unixEndpoint(join(folder.socketFolder, containerSocketName)),
        ended: this.#endOf(builderId, init),
      }
    } catch (error) {
      throw await this.#undo(builderId, error)
    }
  }

  async destroy(builderId: BuilderId, signal: AbortSignal): Promise<void> {
    this.#watched.get(builderId)?.abort()
    this.#watched.delete(builderId)
    const trace = await this.#traceOf(builderId, signal)
    this.#remember(builderId, trace)
    await destroyContainerBuilder(builderId, trace, this.#traceDeps(builderId), signal)
  }

  async list(signal: AbortSignal): Promise<readonly BuilderId[]> {
    const found = new Set(await BuilderFolder.list(this.#builders))
    try {
      const containers = await this.#engine.list(
        [containerLabels.builder, `${containerLabels.node}=${this.#options.nodeId}`],
        signal,
      )
      for (const { Labels } of containers) {
        const builderId = BuilderId.safeParse(Labels[containerLabels.builder])
        if (builderId.success) found.add(builderId.data)
      }
    } catch (error) {
      // Every builder has its folder from before its first trace until after its last, so the list is complete without
      // Docker.
      if (!(error instanceof EngineUnreachable)) throw error
    }
    return [...found].sort()
  }

  async inventory(builderId: BuilderId, signal: AbortSignal): Promise<readonly string[]> {
    return containerTracesOf(builderId, await this.#traceOf(builderId, signal), this.#traceDeps(builderId), signal)
  }

  #folder(builderId: BuilderId): BuilderFolder {
    return new BuilderFolder(this.#builders, builderId)
  }

  #traceDeps(builderId: BuilderId) {
    return {
      folder: this.#folder(builderId),
      engine: this.#engine,
      network: this.#options.network,
      clock: this.#clock,
    }
  }

  /** From its folder, else from memory; where that does not go as far as the start, with what Docker knows. */
  async #traceOf(builderId: BuilderId, signal: AbortSignal): Promise<BuilderTrace> {
    const known = (await this.#folder(builderId).read()) ?? this.#remembered.get(builderId)
    if (known?.init !== undefined) return known
    const trace = known ?? { ...emptyTrace, network: this.#options.network !== undefined }
    try {
      const container = await this.#engine.inspect(containerName(builderId), signal)
      return container === undefined ? trace : { ...trace, ...(await containerPathsOf(container)) }
    } catch (error) {
      if (!(error instanceof EngineUnreachable)) throw error
      return trace
    }
  }

  #remember(builderId: BuilderId, trace: BuilderTrace): void {
    this.#remembered.set(builderId, trace)
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size > rememberedMax && oldest !== undefined) this.#remembered.delete(oldest)
  }

  async #endOf(builderId: BuilderId, init: InitProcess): Promise<BuilderEnd> {
    const watching = new AbortController()
    this.#watched.set(builderId, watching)
    await untilEnded(init, watching.signal)
    if (watching.signal.aborted) return endedByItself('destroyed')
    try {
      const container = await this.#engine.inspect(containerName(builderId), AbortSignal.timeout(reasonMsMax))
      if (container === undefined) return endedByItself('the container is gone')
      const { OOMKilled, ExitCode } = container.State
      if (ExitCode === wallClockExitCode) return endedByItself('its time was over')
      const detail = `BuildKit ended with ${ExitCode}`
      return OOMKilled && ExitCode === killedExitCode ? { lossReason: 'out_of_memory', detail } : endedByItself(detail)
    } catch {
      return endedByItself('it ended, and the Docker daemon does not say why')
    }
  }

  async #undo(builderId: BuilderId, cause: unknown): Promise<unknown> {
    const signal = AbortSignal.timeout(undoMsMax)
    try {
      const trace = await this.#folder(builderId).read()
      if (trace === undefined) {
        // It failed before anything was made of it but, perhaps, a part of the folder.
        await this.#folder(builderId).remove()
        return cause
      }
      const said =
        trace.containerId === undefined ? '' : await this.#engine.lastLines(trace.containerId, signal).catch(() => '')
      await this.destroy(builderId, signal)
      return said === '' || !(cause instanceof Error)
        ? cause
        : new Error(`${cause.message}; it said: ${said}`, { cause })
    } catch (left) {
      return new AggregateError([cause, left], `builder ${builderId} did not come up and is not all gone`)
    }
  }
}

const endedByItself = (detail: string): BuilderEnd => ({ lossReason: 'ended_by_itself', detail })

export const dockerDriver: DriverDefinition<typeof dockerDriverSettings> = {
  settings: dockerDriverSettings,
  runsBuildKit: true,
  create: (config, options, { network }) =>
    new DockerDriver({ ...options, socketPath: config.dockerSocket, image: config.dockerImage, network }),
}

const noUplink: MissingPart = {
  what: 'a way out for builders',
  howToGet: 'configure the provisioner’s uplink, or allow only builders without egress',
}
