import type { BuildId, LeaseId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { type Delivered, deliver } from '../events/outbox.ts'
import type { Route } from '../proxy/route.ts'
import type { LeaseSnapshot } from '../reconcile/snapshot.ts'
import { isLiveRecord, type LeaseRecord, type LiveLease, type OutgoingEvent } from '../state/lease-record.ts'
import type { Records } from '../state/record-folder.ts'

/** A lease's record and what dies with this process. */
export interface LeaseEntry extends Delivered {
  record: LeaseRecord
  seenAtMs: number
  opening?: Route
  report?: { readonly position: number; readonly atMs: number }
  /** Its builder was ready before the lease came. */
  warm: boolean
}
export type LiveLeaseEntry = LeaseEntry & { record: LiveLease }

export interface LeaseStoreDeps {
  readonly records: Records<LeaseRecord>
  readonly store: (subject: string, text: string, messageId: string) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

/** Every lease of this node, in the order they came. */
export class LeaseStore {
  readonly #entries = new Map<LeaseId, LeaseEntry>()
  readonly #parts: LeaseStoreDeps

  constructor(parts: LeaseStoreDeps) {
    this.#parts = parts
  }

  /** Leases that had no client yet begin anew; their builders of before are removed. */
  async load(): Promise<void> {
    const records = await this.#parts.records.load()
    const cameAt = (record: LeaseRecord) => (isLiveRecord(record) ? record.receivedAtMs : 0)
    for (const record of records.toSorted((one, other) => cameAt(one) - cameAt(other))) {
      this.#entries.set(record.leaseId, this.#entry(begunAnew(record)))
    }
  }

  /** Durable when it resolves; only then anybody acts on it. */
  async add(record: LeaseRecord): Promise<LeaseEntry> {
    await this.#parts.records.save(record.leaseId, record)
    const entry = this.#entry(record)
    this.#entries.set(record.leaseId, entry)
    return entry
  }

  #entry = (record: LeaseRecord): LeaseEntry => ({
    record,
    seenAtMs: this.#parts.clock.now(),
    warm: false,
    unsaved: false,
    unmarked: false,
    delivering: false,
    deliverAfterMs: 0,
  })

  get = (leaseId: LeaseId): LeaseEntry | undefined => this.#entries.get(leaseId)

  live(): readonly LiveLeaseEntry[] {
    return [...this.#entries.values()].filter(isLiveEntry)
  }

  waiting(): number {
    return this.live().filter(({ record }) => record.phase === 'waiting').length
  }

  /** Changes a lease; what it says goes out once the change is durable. A newer `accepted` takes the place of the one before. */
  change<R extends LeaseRecord>(entry: LeaseEntry, record: R, said?: OutgoingEvent): void {
    const events = said ? [...record.events.filter(event => event.subject !== said.subject), said] : record.events
    entry.record = { ...record, events }
    entry.unsaved = true
  }

  /** Like `change`, and durable when it resolves. */
  async record(entry: LeaseEntry, record: LeaseRecord): Promise<void> {
    this.change(entry, record)
    await this.#parts.records.save(record.leaseId, entry.record)
  }

  /** Somebody asks again: says the last words again, under the same ids. */
  repeat(entry: LeaseEntry): void {
    entry.record = { ...entry.record, events: entry.record.events.map(event => ({ ...event, stored: false })) }
  }

  /** A sign of life for every lease of a build. */
  noteAlive(buildId: BuildId): void {
    const nowMs = this.#parts.clock.now()
    for (const entry of this.#entries.values()) if (entry.record.buildId === buildId) entry.seenAtMs = nowMs
  }

  /** Sees to what is not durable or not said yet. */
  deliver(): void {
    for (const entry of this.#entries.values()) void deliver(entry, this.#parts)
  }

  isDelivered(): boolean {
    return [...this.#entries.values()].every(
      ({ record, unsaved, delivering }) => !unsaved && !delivering && record.events.every(event => event.stored),
    )
  }

  /** Forgets leases whose command cannot come again. */
  async forget(): Promise<void> {
    const nowMs = this.#parts.clock.now()
    for (const [leaseId, { record, delivering }] of this.#entries) {
      if (isLiveRecord(record) || delivering || nowMs < record.forgetAtMs) continue
      this.#entries.delete(leaseId)
      await this.#parts.records.remove(leaseId)
    }
  }
}

export const isLiveEntry = (entry: LeaseEntry): entry is LiveLeaseEntry => isLiveRecord(entry.record)

/** Keys and certificates are gone with the process that made them. */
function begunAnew(record: LeaseRecord): LeaseRecord {
  if (record.phase !== 'starting' && record.phase !== 'connecting') return record
  const { builderId: _, ...rest } = record
  return { ...rest, phase: 'waiting' }
}

export function snapshotOfLease({ record, seenAtMs, opening, report }: LiveLeaseEntry): LeaseSnapshot {
  const { leaseId, platform, wish } = record
  const { builderClass, egress, projectId } = wish
  return {
    leaseId,
    phase: record.phase,
    traits: {
      platform,
      egress,
      kind: builderClass === 'project' ? { class: 'project', projectId } : { class: 'ephemeral' },
    },
    expiresAtMs: wish.expiresAtMs,
    leaseEndsAtMs: wish.leaseEndsAtMs,
    receivedAtMs: record.receivedAtMs,
    builderId: record.builderId,
    releasedAs: record.releasedAs,
    seenAtMs,
    connections: opening?.connections(leaseId) ?? 0,
    report,
  }
}
