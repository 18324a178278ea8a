import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { LeaseRecord } from '../state/lease-record.ts'
import type { Records } from '../state/record-folder.ts'

const retryMs = 1_000

export interface OutboxDeps {
  readonly records: Pick<Records<LeaseRecord>, 'save'>
  /** Puts a message into the stream; one with an id that is there already changes nothing. */
  readonly store: (subject: string, text: string, messageId: string) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}

/** A lease's record, and how far it and its events have got. docs/glossary.md: outbox. */
export interface OutboxEntry {
  record: LeaseRecord
  /** The record has to be durable before anything more is said. */
  unsaved: boolean
  /** Only `stored` of its events has changed: lost in a crash, they are said again under the same ids. */
  unmarked: boolean
  delivering: boolean
  deliverAfterMs: number
}

export const newOutboxEntry = (record: LeaseRecord): OutboxEntry => ({
  record,
  unsaved: false,
  unmarked: false,
  delivering: false,
  deliverAfterMs: 0,
})

/**
 * Makes the record durable, then sends its events in order. Never throws: after a failure, a call a second later tries
 * again.
 */
export async function deliverLease(entry: OutboxEntry, deps: OutboxDeps): Promise<void> {
  const { clock, log } = deps
  if (entry.delivering || clock.now() < entry.deliverAfterMs || !hasWork(entry)) return
  entry.delivering = true
  try {
    while (hasWork(entry)) await deliverNext(entry, deps)
  } catch (err) {
    entry.deliverAfterMs = clock.now() + retryMs
    log.warn({ leaseId: entry.record.leaseId, err }, 'a lease cannot be recorded or reported, trying again')
  } finally {
    entry.delivering = false
  }
}

export const isDelivered = ({ record, unsaved, delivering }: OutboxEntry): boolean =>
  !unsaved && !delivering && record.events.every(event => event.stored)

const nextEvent = (entry: OutboxEntry) => entry.record.events.find(event => !event.stored)
const hasWork = (entry: OutboxEntry) => entry.unsaved || entry.unmarked || nextEvent(entry) !== undefined

async function deliverNext(entry: OutboxEntry, { records, store }: OutboxDeps): Promise<void> {
  const next = nextEvent(entry)
  if (next && !entry.unsaved) {
    await store(next.subject, next.text, next.id)
    const events = entry.record.events.map(event => (event.id === next.id ? { ...event, stored: true } : event))
    entry.record = { ...entry.record, events }
    entry.unmarked = true
    return
  }
  entry.unsaved = false
  entry.unmarked = false
  try {
    await records.save(entry.record.leaseId, entry.record)
  } catch (error) {
    entry.unsaved = true
    throw error
  }
}
