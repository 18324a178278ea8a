import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { BuilderPool } from '../builders/builder-pool.ts'
import { connectClient, endLease, type LeaseStepDeps, reportQueuePlace, settleLease } from '../leases/lease-steps.ts'
import type { LeaseStore } from '../leases/lease-store.ts'
import type { LiveNodeLease } from '../leases/node-lease.ts'
import type { AverageDuration } from './average-duration.ts'
import { planActions } from './plan.ts'
import {
  type Action,
  type PlanSettings,
  type Snapshot,
  snapshotOfBuilder,
  snapshotOfLease,
  type Unavailable,
} from './snapshot.ts'

/** Each round's actions may make others due at once; what needs more rounds than this waits for the next wake. */
const roundsMax = 16

interface ReconcilerDeps {
  readonly leases: LeaseStore
  readonly pool: BuilderPool
  readonly steps: LeaseStepDeps
  /** Read for every plan: what can be warm changes with what the machine can make. */
  readonly settings: () => PlanSettings
  readonly average: AverageDuration
  /** Since when the bus has been up; `undefined` while it is down. */
  readonly busUpSinceMs: () => number | undefined
  readonly unavailable: () => readonly Unavailable[]
  readonly clock: Clock
  readonly log: Logger
}

/** Carries out the plan. What takes time runs beside it and wakes it when done. docs/glossary.md: reconcile. */
export class Reconciler {
  readonly #deps: ReconcilerDeps
  #scheduled = false
  #stopping = false

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps
  }

  get stopping(): boolean {
    return this.#stopping
  }

  /** From now on every lease ends and every builder is destroyed. */
  stop(): void {
    this.#stopping = true
    this.wake()
  }

  /** Something may have changed. Cheap, and may be called at any rate. */
  readonly wake = (): void => {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#pass()
    })
  }

  #pass(): void {
    const { leases, log } = this.#deps
    try {
      for (let round = 0; round < roundsMax; round += 1) {
        const actions = planActions(this.#snapshot(), this.#deps.settings())
        if (actions.length === 0) break
        for (const action of actions) this.#apply(action)
      }
    } catch (err) {
      log.error({ err }, 'a pass of the plan failed')
    }
    leases.deliver()
  }

  #snapshot(): Snapshot {
    const { leases, pool, average, clock, busUpSinceMs, unavailable } = this.#deps
    return {
      nowMs: clock.now(),
      stopping: this.#stopping,
      leases: leases.live().map(snapshotOfLease),
      builders: pool.all().map(snapshotOfBuilder),
      busUpSinceMs: busUpSinceMs(),
      warmAfterMs: pool.warmAfterMs,
      averageLeaseMs: average.ms,
      unavailable: unavailable(),
    }
  }

  #apply(action: Action): void {
    const { pool, leases } = this.#deps
    if (action.do === 'destroy') pool.destroy(action.builderId)
    else if (action.do === 'drop') pool.drop(action.builderId)
    else if (action.do === 'create') this.#create(action)
    else {
      const lease = leases.getLive(action.leaseId)
      if (lease) this.#applyTo(lease, action)
    }
  }

  #create({ traits, leaseId }: Action & { do: 'create' }): void {
    const { pool, leases } = this.#deps
    if (!leaseId) {
      pool.create(traits, undefined)
      return
    }
    const lease = leases.getLive(leaseId)
    if (!lease) return
    const builderId = pool.create(traits, lease.record.wish.leaseEndsAtMs)
    leases.change({ ...lease.record, phase: 'starting', builderId })
  }

  #applyTo(lease: LiveNodeLease, action: Exclude<Action, { do: 'destroy' | 'drop' | 'create' }>): void {
    const { pool, steps, leases } = this.#deps
    const { builderId } = lease.record
    const builder = builderId && pool.get(builderId)
    if (action.do === 'report') reportQueuePlace(lease, action, steps)
    if (action.do === 'bind') this.#bind(lease, action)
    if (action.do === 'end') this.#end(lease, action)
    if (action.do === 'settle') settleLease(lease, builder || undefined, action.shared, steps)
    if (action.do === 'connect' && builder) {
      leases.change({ ...lease.record, phase: 'connecting' })
      void connectClient(lease, builder, steps).then(this.wake)
    }
  }

  #bind({ record }: LiveNodeLease, { builderId }: Action & { do: 'bind' }): void {
    const { leases, pool } = this.#deps
    const builder = pool.get(builderId)
    if (!builder) return
    pool.noteUse(builderId)
    leases.noteWarm(record.leaseId, builder.status.phase === 'ready')
    leases.change({ ...record, phase: 'starting', builderId })
  }

  #end(lease: LiveNodeLease, { ending }: Action & { do: 'end' }): void {
    const { leases, pool, steps, average, clock } = this.#deps
    const { readyAtMs, builderId } = lease.record
    if (readyAtMs !== undefined) average.add(clock.now() - readyAtMs)
    endLease(lease, ending, steps)
    if (!builderId) return
    const others = leases.live().some(({ record }) => record.builderId === builderId && record.phase !== 'ending')
    if (!others) pool.noteIdle(builderId)
  }
}
