import type { LeaseStoreDeps } from '../leases/lease-store.ts'
import type { LeaseRecord } from '../state/lease-record.ts'

const retryMs = 1_000

/** How far a lease's record and events have got. */
export interface Delivered {
  record: LeaseRecord
  /** The record has to be durable before anything more is said. */
  unsaved: boolean
  /** Only what was said has changed: lost in a crash, it is said again under the same id. */
  unmarked: boolean
  delivering: boolean
  deliverAfterMs: number
}

/**
 * Makes the record durable, then says its events in order. Never throws: what does not work is tried again a second later, by the next
 * call after that.
 */
export async function deliver(entry: Delivered, parts: LeaseStoreDeps): Promise<void> {
  const { clock, log } = parts
  if (entry.delivering || clock.now() < entry.deliverAfterMs || !hasWork(entry)) return
  entry.delivering = true
  try {
    while (hasWork(entry)) await step(entry, parts)
  } catch (err) {
    entry.deliverAfterMs = clock.now() + retryMs
    log.warn({ leaseId: entry.record.leaseId, err }, 'a lease cannot be recorded or reported, trying again')
  } finally {
    entry.delivering = false
  }
}

const nextEvent = (entry: Delivered) => entry.record.events.find(event => !event.stored)
const hasWork = (entry: Delivered) => entry.unsaved || entry.unmarked || nextEvent(entry) !== undefined

async function step(entry: Delivered, { records, store }: LeaseStoreDeps): Promise<void> {
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
