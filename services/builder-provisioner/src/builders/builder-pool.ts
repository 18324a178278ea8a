import type { BuilderLossReason } from '@forkproof/contracts/builder'
import type { BuilderId } from '@forkproof/contracts/ids'
import type { BuilderCa } from '../credentials/builder-ca.ts'
import type { BuilderLimits } from '../drivers/driver.ts'
import type { BuilderTraits } from '../state/builder-record.ts'
import type { Builder } from './builder.ts'
import { newBuilderId } from './builder-names.ts'
import { type CreateBuilderDeps, createBuilder } from './create-builder.ts'
import { type DestroyBuilderDeps, destroyBuilder } from './destroy-builder.ts'
import { OrphanFinder } from './orphans.ts'
import { OwnedBuilder } from './owned-builder.ts'
import { WarmRetry } from './warm-retry.ts'

interface BuilderPoolDeps extends CreateBuilderDeps, DestroyBuilderDeps {}

interface BuilderPoolOptions {
  readonly limits: BuilderLimits
  readonly lifetimes: BuilderLifetimes
}

/** How long a builder may live that no lease bounds yet. */
interface BuilderLifetimes {
  readonly warmMs: number
  readonly projectMs: number
  /** A builder outlives its lease by this, so that the lease's end is ours and orderly. */
  readonly graceMs: number
}

/**
 * All builders of this node, and the only one that changes them: what it hands out is readonly. Creating and destroying
 * run in the background, one of them at a time for each builder. docs/glossary.md: builder pool.
 */
export class BuilderPool {
  readonly #builders = new Map<BuilderId, OwnedBuilder>()
  readonly #deps: BuilderPoolDeps
  readonly #options: BuilderPoolOptions
  readonly #orphans = new OrphanFinder()
  readonly #warmRetry = new WarmRetry()

  constructor(deps: BuilderPoolDeps, options: BuilderPoolOptions) {
    this.#deps = deps
    this.#options = options
  }

  get = (builderId: BuilderId): Builder | undefined => this.#builders.get(builderId)
  all = (): readonly Builder[] => [...this.#builders.values()]

  get size(): number {
    return this.#builders.size
  }

  /** Not before this time another warm builder is worth a try. */
  get warmAfterMs(): number {
    return this.#warmRetry.afterMs
  }

  /** Builders of an earlier process: their keys died with it, so they are of no use and are destroyed. */
  async load(): Promise<void> {
    for (const record of await this.#deps.records.load()) {
      this.#builders.set(record.builderId, new OwnedBuilder(record, { phase: 'lost', lossReason: 'node_restarted' }))
    }
  }

  /** Takes in a builder that has no record, so that it is destroyed. */
  adoptOrphan(builderId: BuilderId, createdAtMs: number, lossReason: BuilderLossReason): void {
    if (this.#builders.has(builderId)) return
    const record = { builderId, createdAtMs, endsAtMs: createdAtMs, during: {} }
    this.#builders.set(builderId, new OwnedBuilder(record, { phase: 'lost', lossReason }))
  }

  /** Begins to create a builder; for a lease when it is told the lease's end. */
  create(traits: BuilderTraits, leaseEndsAtMs: number | undefined): BuilderId {
    const nowMs = this.#deps.clock.now()
    const builderId = newBuilderId()
    const endsAtMs = this.#endOf(traits, leaseEndsAtMs, nowMs)
    const record = { builderId, traits, createdAtMs: nowMs, endsAtMs, during: {} }
    const builder = new OwnedBuilder(record, { phase: 'starting' })
    builder.used = leaseEndsAtMs !== undefined
    this.#builders.set(builderId, builder)
    builder.created = createBuilder(builder, this.#options.limits, this.#deps).then(this.#deps.onChange)
    return builderId
  }

  #endOf(traits: BuilderTraits, leaseEndsAtMs: number | undefined, nowMs: number): number {
    const { warmMs, projectMs, graceMs } = this.#options.lifetimes
    if (traits.kind.class === 'project') return Math.max(nowMs + projectMs, (leaseEndsAtMs ?? 0) + graceMs)
    return leaseEndsAtMs === undefined ? nowMs + warmMs : leaseEndsAtMs + graceMs
  }

  /** A lease begins to use the builder. */
  noteUse(builderId: BuilderId): void {
    const builder = this.#builders.get(builderId)
    if (!builder) return
    builder.used = true
    builder.idleSinceMs = undefined
  }

  /** The builder's last lease has ended. */
  noteIdle(builderId: BuilderId): void {
    const builder = this.#builders.get(builderId)
    if (builder) builder.idleSinceMs = this.#deps.clock.now()
  }

  /** The certificates that were made while the builder started; undefined when a lease has them already. */
  takePreparedCa = (builderId: BuilderId): Promise<BuilderCa> | undefined =>
    this.#builders.get(builderId)?.takePreparedCa()

  /** Begins to destroy a builder; harmless while that is under way. */
  destroy(builderId: BuilderId): void {
    const builder = this.#builders.get(builderId)
    if (!builder || builder.status.phase === 'destroying' || builder.status.phase === 'gone') return
    this.#noteWarm(builder)
    builder.beginDestroying()
    void destroyBuilder(builder, this.#deps).then(() => {
      if (builder.status.phase === 'gone') this.#orphans.noteGone(builderId, this.#deps.clock.now())
      this.#deps.onChange()
    })
  }

  /** What became of a warm builder decides when another one is tried. */
  #noteWarm({ status, used, running }: OwnedBuilder): void {
    const { clock, log } = this.#deps
    if (status.phase === 'ready') this.#warmRetry.noteSuccess()
    const died = status.phase === 'lost' && running !== undefined
    if (used || !(status.phase === 'failed' || died)) return
    this.#warmRetry.noteFailure(clock.now())
    const reason = status.phase === 'failed' ? status.failure.reason : status.lossReason
    log.warn({ reason }, 'a warm builder could not be created or has died')
  }

  /** Forgets a builder that is gone and whose receipt no lease needs. */
  drop(builderId: BuilderId): void {
    const { records, log } = this.#deps
    this.#builders.delete(builderId)
    records.remove(builderId).catch(err => log.warn({ builderId, err }, 'a record could not be removed'))
  }

  /**
   * Compares with what the driver lists: orphans are adopted, and a builder that should be there and is not is lost.
   * `beganAtMs`: when the driver began to list, since what has changed after that says nothing.
   */
  compare(listed: readonly BuilderId[], beganAtMs: number): void {
    const { clock, log, onChange } = this.#deps
    for (const builderId of this.#orphans.find(listed, this.#builders, beganAtMs)) {
      log.warn({ builderId }, 'found traces of a builder that no record explains')
      this.adoptOrphan(builderId, clock.now(), 'unknown_to_node')
    }
    for (const builder of this.#builders.values()) {
      const { builderId } = builder.record
      const wasReady = builder.status.phase === 'ready' && (builder.readyAtMs ?? beganAtMs) < beganAtMs
      if (!wasReady || listed.includes(builderId)) continue
      log.warn({ builderId }, 'a builder has vanished')
      builder.lose('ended_by_itself')
    }
    onChange()
  }
}
