import type { BuildId, LeaseId } from '@forkproof/contracts/ids'
import { deliverLease, isDelivered, newOutboxEntry, type OutboxDeps, type OutboxEntry } from '../events/outbox.ts'
import type { Route } from '../proxy/route.ts'
import { isLiveRecord, type LeaseRecord, type OutgoingEvent } from '../state/lease-record.ts'
import type { Records } from '../state/record-folder.ts'
import { isLiveLease, type LiveNodeLease, type NodeLease } from './node-lease.ts'

interface LeaseStoreDeps extends OutboxDeps {
  readonly records: Records<LeaseRecord>
}

/** A lease as the store has it: the only mutable one. */
interface OwnedLease extends OutboxEntry {
  seenAtMs: number
  route: Route | undefined
  report: NodeLease['report']
  warm: boolean
}

/**
 * Every lease of this node, in the order in which they came. Only the store changes a lease: what it hands out is
 * readonly.
 */
export class LeaseStore {
  readonly #leases = new Map<LeaseId, OwnedLease>()
  readonly #deps: LeaseStoreDeps

  constructor(deps: LeaseStoreDeps) {
    this.#deps = deps
  }

  /** Leases that had no client yet begin anew; their builders of before are destroyed. */
  async load(): Promise<void> {
    const records = await this.#deps.records.load()
    const cameAt = (record: LeaseRecord) => (isLiveRecord(record) ? record.receivedAtMs : 0)
    for (const record of records.toSorted((one, other) => cameAt(one) - cameAt(other))) {
      this.#leases.set(record.leaseId, this.#own(begunAnew(record)))
    }
  }

  /** Durable when it resolves; only then anybody acts on it. */
  async add(record: LeaseRecord): Promise<void> {
    await this.#deps.records.save(record.leaseId, record)
    this.#leases.set(record.leaseId, this.#own(record))
  }

  #own = (record: LeaseRecord): OwnedLease => ({
    ...newOutboxEntry(record),
    seenAtMs: this.#deps.clock.now(),
    route: undefined,
    report: undefined,
    warm: false,
  })

  get = (leaseId: LeaseId): NodeLease | undefined => this.#leases.get(leaseId)

  getLive(leaseId: LeaseId): LiveNodeLease | undefined {
    const lease = this.get(leaseId)
    return lease && isLiveLease(lease) ? lease : undefined
  }

  live(): readonly LiveNodeLease[] {
    return [...this.#leases.values()].filter((lease): lease is OwnedLease & LiveNodeLease => isLiveLease(lease))
  }

  countWaiting(): number {
    return this.live().filter(({ record }) => record.phase === 'waiting').length
  }

  /** Puts a new record in place; `said` goes out once it is durable. A newer `accepted` replaces the one before. */
  change(record: LeaseRecord, said?: OutgoingEvent): void {
    const lease = this.#leases.get(record.leaseId)
    if (!lease) return
    const events = said ? [...record.events.filter(event => event.subject !== said.subject), said] : record.events
    lease.record = { ...record, events }
    lease.unsaved = true
  }

  /** Like `change`, and durable when it resolves. */
  async record(record: LeaseRecord): Promise<void> {
    this.change(record)
    await this.#deps.records.save(record.leaseId, this.get(record.leaseId)?.record ?? record)
  }

  /** A command came again: says the last words again, under the same ids. */
  repeat(leaseId: LeaseId): void {
    const lease = this.#leases.get(leaseId)
    if (!lease) return
    lease.record = { ...lease.record, events: lease.record.events.map(event => ({ ...event, stored: false })) }
  }

  noteReport(leaseId: LeaseId, position: number): void {
    const lease = this.#leases.get(leaseId)
    if (lease) lease.report = { position, atMs: this.#deps.clock.now() }
  }

  noteWarm(leaseId: LeaseId, warm: boolean): void {
    const lease = this.#leases.get(leaseId)
    if (lease) lease.warm = warm
  }

  /** A sign of life of one lease's client. */
  readonly noteSeen = (leaseId: LeaseId): void => {
    const lease = this.#leases.get(leaseId)
    if (lease) lease.seenAtMs = this.#deps.clock.now()
  }

  /** A sign of life for every lease of a build. */
  noteAlive(buildId: BuildId): void {
    for (const { record } of this.#leases.values()) if (record.buildId === buildId) this.noteSeen(record.leaseId)
  }

  setRoute(leaseId: LeaseId, route: Route): void {
    const lease = this.#leases.get(leaseId)
    if (lease) lease.route = route
  }

  closeRoute(leaseId: LeaseId): void {
    const lease = this.#leases.get(leaseId)
    lease?.route?.close()
    if (lease) lease.route = undefined
  }

  /** Makes durable and says what is not yet. */
  deliver(): void {
    for (const lease of this.#leases.values()) void deliverLease(lease, this.#deps)
  }

  isDelivered(): boolean {
    return [...this.#leases.values()].every(isDelivered)
  }

  /** Forgets leases whose command cannot come again. */
  async forget(): Promise<void> {
    const nowMs = this.#deps.clock.now()
    for (const [leaseId, { record, delivering }] of this.#leases) {
      if (isLiveRecord(record) || delivering || nowMs < record.forgetAtMs) continue
      this.#leases.delete(leaseId)
      await this.#deps.records.remove(leaseId)
    }
  }
}

/** Keys and certificates are gone with the process that made them. */
function begunAnew(record: LeaseRecord): LeaseRecord {
  if (record.phase === 'ending' && record.ending?.reason === 'builder_lost') {
    // Written before losses had reasons, and read after a restart.
    return { ...record, ending: { lossReason: 'node_restarted', ...record.ending } }
  }
  if (record.phase !== 'starting' && record.phase !== 'connecting') return record
  const { builderId: _, ...rest } = record
  return { ...rest, phase: 'waiting' }
}
