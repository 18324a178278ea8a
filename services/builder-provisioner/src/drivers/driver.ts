import type { BuilderClass, Egress, Platform } from '@forkproof/contracts/builder'
import type { BuilderId, NodeId, ProjectId } from '@forkproof/contracts/ids'
import type { Setting, Settings } from '@forkproof/infra/config'
import type { MissingPart } from '../host/missing-part.ts'
import type { BuilderNetwork } from '../network/network.ts'
import type { BuilderEndpoint } from '../state/builder-endpoint.ts'

/**
 * What a builder is made of.
 * Its bounds hold at an outer boundary that the builder cannot change: docs/facts/buildkit.md#limits.
 */
export interface BuilderSpec {
  readonly builderId: BuilderId
  readonly platform: Platform
  readonly egress: Egress
  readonly kind:
    | { readonly class: 'ephemeral' }
    /** BuildKit's state folder of this project and platform is kept and used again. */
    | { readonly class: 'project'; readonly projectId: ProjectId }
  readonly limits: BuilderLimits
  /** The builder ends by itself then, also when the provisioner is dead. */
  readonly endsAtMs: number
}

export interface BuilderLimits {
  readonly cpus: number
  readonly memoryBytes: number
  readonly pids: number
  readonly diskBytes: number
}

export interface RunningBuilder<E extends BuilderEndpoint = BuilderEndpoint> {
  /** Where BuildKit's API listens; the TLS proxy adds mutual TLS. */
  readonly endpoint: E
  /** Resolves when the builder has ended without `destroy`. */
  readonly ended: Promise<BuilderEnd>
}

/** Why a builder ended without `destroy`. */
export interface BuilderEnd {
  readonly lossReason: 'ended_by_itself' | 'out_of_memory'
  /** For the log. */
  readonly detail: string
}

/**
 * Creates and destroys builders. Every method is bounded in time and takes a signal that cancels it. docs/glossary.md:
 * driver. `create` rejects only after it has removed what it had begun. `destroy` is idempotent and works for builders
 * of an earlier process. It resolves when `inventory` is empty and rejects with what is left.
 */
export interface Driver {
  /** Sentences for people: what separates a builder from the machine and from others. */
  readonly isolation: readonly string[]
  /**
   * What is missing for builders of this egress; empty when they can be made. A builder is refused rather than made
   * weaker.
   */
  missing(need: { egress: Egress; builderClass: BuilderClass }, signal: AbortSignal): Promise<readonly MissingPart[]>
  /** Platforms that really run here; `emulated` where binfmt has an interpreter. */
  platforms(signal: AbortSignal): Promise<readonly { platform: Platform; emulated: boolean }[]>
  create(spec: BuilderSpec, signal: AbortSignal): Promise<RunningBuilder>
  destroy(builderId: BuilderId, signal: AbortSignal): Promise<void>
  /** Every builder that has left any trace on this machine, also from before a crash. */
  list(signal: AbortSignal): Promise<readonly BuilderId[]>
  /**
   * Traces of one builder in the operating system and in the driver's own objects, read anew. docs/glossary.md: trace.
   * As `kind name`: `process 4711`, `mount /x`, `cgroup memory/…`, `link fp…`, `loop /dev/loop3`, `file …`, `container
   * …`. The kept state of a project is not a trace.
   */
  inventory(builderId: BuilderId, signal: AbortSignal): Promise<readonly string[]>
}

/** What every driver is told, whatever it is made of. */
export interface DriverOptions {
  readonly nodeId: NodeId
  /** Absolute. `builders/` and `cache/` below it are the driver's. */
  readonly stateFolder: string
  /** Size of the disk that a project keeps. */
  readonly projectDiskBytes: number
  /** Where binfmt_misc is mounted, which says what this machine emulates. */
  readonly binfmtFolder: string
}

export interface DriverDeps {
  /** The way out of builders with egress `internet`. */
  readonly network: BuilderNetwork
}

/** All that the service knows of a kind of driver: its folder exports one, and `driver-table.ts` lists it. */
export interface DriverDefinition<S extends Record<string, Setting>> {
  /** Settings that this driver alone reads. */
  readonly settings: S
  /**
   * Whether its builders run BuildKit. Builders that run none are not checked before they are handed out, and no probe
   * is needed to offer a platform that is emulated.
   */
  readonly runsBuildKit: boolean
  /** Why this configuration is refused, as the end of a sentence; undefined when it is fine. */
  refusal?(config: Settings<S>): string | undefined
  create(config: Settings<S>, options: DriverOptions, deps: DriverDeps): Driver
}
