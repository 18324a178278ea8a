import type { LeaseId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { snapshotOfBuilder } from '../builders/builder.ts'
import type { BuilderPool } from '../builders/builder-pool.ts'
import { connectClient, endLease, type LeaseStepDeps, reportQueuePlace, settleLease } from '../leases/lease-steps.ts'
import { isLiveEntry, type LeaseStore, type LiveLeaseEntry, snapshotOfLease } from '../leases/lease-store.ts'
import type { AverageDuration } from './average-duration.ts'
import { plan } from './plan.ts'
import type { Action, PlanSettings, Snapshot, Unavailable } from './snapshot.ts'

/** Each round's actions may make others due at once; what needs more rounds than this waits for the next wake. */
const roundsMax = 16

export interface ReconcilerDeps {
  readonly book: LeaseStore
  readonly yard: BuilderPool
  readonly steps: LeaseStepDeps
  /** What can be warm changes with what the machine can make. */
  readonly settings: () => PlanSettings
  readonly average: AverageDuration
  /** Since when alive messages can be heard; `undefined` while they cannot. */
  readonly hearingSinceMs: () => number | undefined
  readonly unavailable: () => readonly Unavailable[]
  readonly clock: Clock
  readonly log: Logger
}

/** Carries out the plan. Everything that takes time runs beside it and wakes it when done. */
export class Reconciler {
  readonly #parts: ReconcilerDeps
  #scheduled = false
  stopping = false

  constructor(parts: ReconcilerDeps) {
    this.#parts = parts
  }

  /** Something may have changed. Cheap, and as often as one likes. */
  readonly wake = (): void => {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#pass()
    })
  }

  #pass(): void {
    const { book, log } = this.#parts
    try {
      for (let round = 0; round < roundsMax; round += 1) {
        const actions = plan(this.situation(), this.#parts.settings())
        if (actions.length === 0) break
        for (const action of actions) this.#apply(action)
      }
    } catch (err) {
      log.error({ err }, 'a pass of the plan failed')
    }
    book.deliver()
  }

  situation(): Snapshot {
    const { book, yard, average, clock, hearingSinceMs, unavailable } = this.#parts
    return {
      nowMs: clock.now(),
      stopping: this.stopping,
      leases: book.live().map(snapshotOfLease),
      builders: [...yard.builders.values()].map(snapshotOfBuilder),
      hearingSinceMs: hearingSinceMs(),
      warmAfterMs: yard.warmAfterMs,
      averageLeaseMs: average.ms,
      unavailable: unavailable(),
    }
  }

  #apply(action: Action): void {
    const { yard } = this.#parts
    if (action.do === 'destroy') yard.destroy(action.builderId)
    else if (action.do === 'drop') yard.drop(action.builderId)
    else if (action.do === 'create') this.#create(action)
    else {
      const entry = this.#live(action.leaseId)
      if (entry) this.#applyTo(entry, action)
    }
  }

  #create({ traits, leaseId }: Action & { do: 'create' }): void {
    const { yard, book } = this.#parts
    const entry = leaseId && this.#live(leaseId)
    if (leaseId && !entry) return
    const builder = yard.create(traits, entry?.record.wish.leaseEndsAtMs)
    if (!entry) return
    book.change(entry, { ...entry.record, phase: 'starting', builderId: builder.record.builderId })
  }

  #applyTo(entry: LiveLeaseEntry, action: Exclude<Action, { do: 'destroy' | 'drop' | 'create' }>): void {
    const { yard, steps } = this.#parts
    const { builderId } = entry.record
    const builder = builderId && yard.builders.get(builderId)
    if (action.do === 'report') reportQueuePlace(entry, action, steps)
    if (action.do === 'bind') this.#bind(entry, action)
    if (action.do === 'end') this.#end(entry, action)
    if (action.do === 'settle') settleLease(entry, builder || undefined, action.shared, steps)
    if (action.do === 'connect' && builder) {
      this.#parts.book.change(entry, { ...entry.record, phase: 'connecting' })
      void connectClient(entry, builder, steps).then(this.wake)
    }
  }

  #bind(entry: LiveLeaseEntry, { builderId }: Action & { do: 'bind' }): void {
    const { book, yard } = this.#parts
    const builder = yard.builders.get(builderId)
    if (!builder) return
    builder.used = true
    delete builder.idleSinceMs
    entry.warm = builder.phase === 'ready'
    book.change(entry, { ...entry.record, phase: 'starting', builderId })
  }

  #end(entry: LiveLeaseEntry, { ending }: Action & { do: 'end' }): void {
    const { book, yard, steps, average, clock } = this.#parts
    const { readyAtMs, builderId } = entry.record
    if (readyAtMs !== undefined) average.add(clock.now() - readyAtMs)
    endLease(entry, ending, steps)
    const builder = builderId && yard.builders.get(builderId)
    const others = book.live().some(({ record }) => record.builderId === builderId && record.phase !== 'ending')
    if (builder && !others) builder.idleSinceMs = clock.now()
  }

  #live(leaseId: LeaseId): LiveLeaseEntry | undefined {
    const entry = this.#parts.book.get(leaseId)
    return entry && isLiveEntry(entry) ? entry : undefined
  }
}
