import type { BuilderClass, Egress, Platform } from '@forkproof/contracts/builder'
import type { BuilderId, ProjectId } from '@forkproof/contracts/ids'

/** What a builder is made of. Bounds hold at an outer boundary that the builder cannot change (facts buildkit 1.4). */
export interface BuilderSpec {
  readonly builderId: BuilderId
  readonly platform: Platform
  readonly egress: Egress
  readonly kind:
    | { readonly class: 'ephemeral' }
    /** BuildKit's state folder of this project and platform is kept and used again. */
    | { readonly class: 'project'; readonly projectId: ProjectId }
  readonly limits: BuilderLimits
  /** The builder ends by itself then, also when nobody is left to end it. */
  readonly endsAtMs: number
}

export interface BuilderLimits {
  readonly cpus: number
  readonly memoryBytes: number
  readonly pids: number
  readonly diskBytes: number
}

export interface RunningBuilder {
  /** Unix socket on which BuildKit's API listens; reachable by this process only. The front door adds mutual TLS. */
  readonly socketPath: string
  /** Resolves when the builder ended by itself, with a reason for the log. */
  readonly ended: Promise<string>
}

/** Something the machine lacks, and how to get it. */
export interface MissingPart {
  readonly what: string
  readonly howToGet: string
}

/**
 * Makes and destroys builders on this machine. Every method is bounded in time and takes its cancel. `create` rejects only after it has
 * removed what it had begun; `destroy` is idempotent, works for builders of an earlier process, and resolves when `inventory` is empty or
 * rejects with what is left.
 */
export interface Driver {
  readonly name: 'process' | 'docker' | 'memory'
  /** Sentences for people: what separates a builder from the machine and from others. */
  readonly isolation: readonly string[]
  /** What is missing for builders of this egress; empty when they can be made. Never weaker instead: a builder is refused. */
  missing(need: { egress: Egress; builderClass: BuilderClass }, signal: AbortSignal): Promise<readonly MissingPart[]>
  /** Platforms that really run here; `emulated` where binfmt has an interpreter. */
  platforms(signal: AbortSignal): Promise<readonly { platform: Platform; emulated: boolean }[]>
  create(spec: BuilderSpec, signal: AbortSignal): Promise<RunningBuilder>
  destroy(builderId: BuilderId, signal: AbortSignal): Promise<void>
  /** Every builder that has left any trace on this machine, also from before a crash. */
  list(signal: AbortSignal): Promise<readonly BuilderId[]>
  /**
   * Traces of one builder in the operating system and the driver's own objects, read afresh, as `kind name`: `process 4711`,
   * `mount /x`, `cgroup memory/…`, `link fp…`, `loop /dev/loop3`, `file …`, `container …`. The kept state of a project is not a trace.
   */
  inventory(builderId: BuilderId, signal: AbortSignal): Promise<readonly string[]>
}
