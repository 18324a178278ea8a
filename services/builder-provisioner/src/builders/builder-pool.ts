import type { BuilderId, NodeId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { CreateBuilderCa } from '../credentials/builder-ca.ts'
import type { BuilderLimits, Driver } from '../drivers/driver.ts'
import type { CheckReady } from '../readiness/builder-readiness.ts'
import type { BuilderRecord, BuilderTraits } from '../state/builder-record.ts'
import type { Records } from '../state/record-folder.ts'
import { type Builder, newBuilder, newBuilderId } from './builder.ts'
import { createBuilder } from './create-builder.ts'
import { destroyBuilder } from './destroy-builder.ts'

export interface BuilderPoolDeps {
  readonly nodeId: NodeId
  readonly driver: Driver
  readonly checkReady: CheckReady
  readonly createCa: CreateBuilderCa
  readonly records: Records<BuilderRecord>
  readonly limits: BuilderLimits
  readonly clock: Clock
  readonly log: Logger
  /** Something has changed: plan again. */
  readonly onChange: () => void
}

/** Until when a builder may live that no lease bounds yet. */
export interface BuilderLifetimes {
  readonly warmMs: number
  readonly projectMs: number
  /** A builder outlives its lease by this, so that the lease's end is ours and orderly. */
  readonly graceMs: number
}

const warmRetryMsMin = 1_000
const warmRetryMsMax = 60_000

/** The builders of this node. Starting and removing run in the background, one of them at a time per builder. */
export class BuilderPool {
  readonly builders = new Map<BuilderId, Builder>()
  readonly #parts: BuilderPoolDeps
  readonly #lifetimes: BuilderLifetimes
  readonly #lastGone = new Map<BuilderId, number>()
  #warmFailures = 0
  warmAfterMs = 0

  constructor(parts: BuilderPoolDeps, lifetimes: BuilderLifetimes) {
    this.#parts = parts
    this.#lifetimes = lifetimes
  }

  /** Builders of an earlier process: their keys died with it, so they are of no use and have to go. */
  async load(): Promise<void> {
    for (const record of await this.#parts.records.load()) {
      this.builders.set(record.builderId, newBuilder(record, 'lost'))
    }
  }

  /** Stands in for a builder that only a lease remembers. */
  mourn(builderId: BuilderId, createdAtMs: number): void {
    if (this.builders.has(builderId)) return
    const record = { builderId, createdAtMs, endsAtMs: createdAtMs, during: {} }
    this.builders.set(builderId, newBuilder(record, 'lost'))
  }

  create(traits: BuilderTraits, leaseEndsAtMs: number | undefined): Builder {
    const nowMs = this.#parts.clock.now()
    const record = {
      builderId: newBuilderId(),
      traits,
      createdAtMs: nowMs,
      endsAtMs: this.#endOf(traits, leaseEndsAtMs, nowMs),
      during: {},
    }
    const builder = newBuilder(record, 'starting')
    builder.used = leaseEndsAtMs !== undefined
    this.builders.set(record.builderId, builder)
    builder.made = this.#make(builder)
    return builder
  }

  #endOf(traits: BuilderTraits, leaseEndsAtMs: number | undefined, nowMs: number): number {
    const { warmMs, projectMs, graceMs } = this.#lifetimes
    if (traits.kind.class === 'project') return Math.max(nowMs + projectMs, (leaseEndsAtMs ?? 0) + graceMs)
    return leaseEndsAtMs === undefined ? nowMs + warmMs : leaseEndsAtMs + graceMs
  }

  async #make(builder: Builder): Promise<void> {
    const { onChange } = this.#parts
    await createBuilder(builder, this.#parts)
    onChange()
  }

  /** Warm builders that cannot be made, or die before anybody wants them, are tried at longer and longer intervals. */
  #noteWarm({ phase, used, running, failure }: Builder): void {
    const { clock, log } = this.#parts
    if (phase === 'ready') this.#warmFailures = 0
    const died = phase === 'lost' && running !== undefined
    if (used || !(phase === 'failed' || died)) return
    this.warmAfterMs = clock.now() + Math.min(warmRetryMsMin * 2 ** this.#warmFailures, warmRetryMsMax)
    this.#warmFailures += 1
    log.warn({ reason: failure?.reason ?? 'builder_lost' }, 'no warm builder could be made')
  }

  /** Begins to remove a builder; harmless while that is under way. */
  destroy(builderId: BuilderId): void {
    const builder = this.builders.get(builderId)
    if (!builder || builder.phase === 'destroying' || builder.phase === 'gone') return
    this.#noteWarm(builder)
    builder.phase = 'destroying'
    builder.stop.abort(new Error('not wanted any more'))
    void destroyBuilder(builder, this.#parts).then(() => {
      if (builder.phase === 'gone') this.#lastGone.set(builderId, this.#parts.clock.now())
      this.#parts.onChange()
    })
  }

  /** Nobody needs the receipt any more. */
  drop(builderId: BuilderId): void {
    this.builders.delete(builderId)
    this.#parts.records
      .remove(builderId)
      .catch(err => this.#parts.log.warn({ builderId, err }, 'a record could not be removed'))
  }

  /**
   * Compares with what the driver finds on the machine. `beganAtMs`: when it began to look, since what has changed after that says nothing.
   */
  compare(found: readonly BuilderId[], beganAtMs: number): void {
    const { clock, log, onChange } = this.#parts
    const nowMs = clock.now()
    for (const builderId of found) {
      if (this.builders.has(builderId) || (this.#lastGone.get(builderId) ?? -1) >= beganAtMs) continue
      log.warn({ builderId }, 'found traces of a builder that nobody wants')
      const record = { builderId, createdAtMs: nowMs, endsAtMs: nowMs, during: {} }
      this.builders.set(builderId, newBuilder(record, 'lost'))
    }
    for (const builder of this.builders.values()) {
      const readyBefore = builder.phase === 'ready' && (builder.readyAtMs ?? beganAtMs) < beganAtMs
      if (readyBefore && !found.includes(builder.record.builderId)) {
        log.warn({ builderId: builder.record.builderId }, 'a builder has vanished')
        builder.phase = 'lost'
      }
    }
    for (const [builderId, atMs] of this.#lastGone) if (atMs < beganAtMs) this.#lastGone.delete(builderId)
    onChange()
  }
}
