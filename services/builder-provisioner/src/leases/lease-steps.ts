import type { Receipt } from '@forkproof/contracts/builder'
import type { NodeId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { Builder } from '../builders/builder.ts'
import { receiptOf } from '../builders/builder.ts'
import { acceptedEvent, destroyedEvent, failedEvent, outgoing, readyEvent } from '../events/builder-event.ts'
import { failureOf } from '../state/failure.ts'
import type { Ending, LeaseRef, OverLease } from '../state/lease-record.ts'
import { type ConnectLeaseDeps, connectLease } from './connect-lease.ts'
import type { LeaseStore, LiveLeaseEntry } from './lease-store.ts'

/** Commands live this long in the stream: until then one may come again, and must find that its lease is over. */
export const commandLifeMs = 3_600_000

export interface LeaseStepDeps extends ConnectLeaseDeps {
  readonly nodeId: NodeId
  readonly driverName: string
  readonly emulated: (platform: LeaseRef['platform']) => boolean
  readonly book: LeaseStore
  readonly clock: Clock
  readonly log: Logger
}

const originOf = ({ record }: LiveLeaseEntry, { nodeId, clock }: LeaseStepDeps) => ({
  nodeId,
  nowMs: clock.now(),
  traceparent: record.wish.traceparent,
})

export function reportQueuePlace(
  entry: LiveLeaseEntry,
  place: { position: number; estimateSeconds?: number },
  parts: LeaseStepDeps,
) {
  const { record } = entry
  const count = record.reports + 1
  const event = acceptedEvent(record, originOf(entry, parts), { ...place, count })
  entry.report = { position: place.position, atMs: parts.clock.now() }
  parts.book.change(entry, { ...record, reports: count }, outgoing(event))
}

/** Makes the certificates and tells the client, unless the lease was given up meanwhile. */
export async function connectClient(entry: LiveLeaseEntry, builder: Builder, parts: LeaseStepDeps): Promise<void> {
  const { book, clock, log } = parts
  const { warm } = entry
  const { leaseId } = entry.record
  try {
    const { connection, open } = await connectLease(entry.record, builder, parts)
    if (entry.record.phase !== 'connecting' || builder.phase !== 'ready') return
    entry.opening = open()
    const readyAtMs = clock.now()
    entry.seenAtMs = readyAtMs
    const timings = {
      warm,
      leaseMs: readyAtMs - entry.record.receivedAtMs,
      startMs: builder.timings?.startMs ?? 0,
      canaryMs: builder.timings?.canaryMs ?? 0,
    }
    const { builderId } = builder.record
    const event = readyEvent(entry.record, originOf(entry, parts), {
      builderId,
      emulated: parts.emulated(entry.record.platform),
      connection,
      timings,
    })
    book.change(entry, { ...entry.record, phase: 'ready', readyAtMs }, outgoing(event))
    log.info({ leaseId, builderId, warm, elapsedMs: timings.leaseMs }, 'a builder is ready')
  } catch (err) {
    log.warn({ leaseId, err }, 'a lease could not be connected')
    if (entry.record.phase === 'connecting') endLease(entry, failureOf(err), parts)
  }
}

/** From here on its client reaches nothing. */
export function endLease(entry: LiveLeaseEntry, ending: Ending, { book, log }: LeaseStepDeps): void {
  const { record } = entry
  entry.opening?.revoke(record.leaseId)
  book.change(entry, { ...record, phase: 'ending', ending })
  log.info({ leaseId: record.leaseId, builderId: record.builderId, reason: ending.reason }, 'a lease ends')
}

/** Says how the lease ended. `shared`: the builder goes on, so the receipt is of what was the lease's own. */
export function settleLease(
  entry: LiveLeaseEntry,
  builder: Builder | undefined,
  shared: boolean,
  parts: LeaseStepDeps,
): void {
  const { record } = entry
  const { ending } = record
  if (!ending) return
  const origin = originOf(entry, parts)
  const receipt = builder && (shared ? ownReceipt(entry, builder, parts) : standingReceipt(builder, parts))
  const event =
    ending.as === 'destroyed' && receipt
      ? destroyedEvent(record, origin, { builderId: receipt.builderId, reason: ending.reason, receipt })
      : failedEvent(record, origin, ending.as === 'failed' ? ending : { reason: 'builder_lost', retryable: false })
  entry.opening?.close()
  delete entry.opening
  const { leaseId, buildId, platform, events } = record
  const over: OverLease = {
    leaseId,
    buildId,
    platform,
    phase: 'over',
    forgetAtMs: Math.max(parts.clock.now(), record.wish.expiresAtMs) + commandLifeMs,
    events: events.filter(said => !said.stored),
  }
  parts.book.change(entry, over, outgoing(event))
}

const standingReceipt = (builder: Builder, { nodeId, driverName }: LeaseStepDeps): Receipt | undefined =>
  builder.teardown && receiptOf(builder, nodeId, driverName)

function ownReceipt(entry: LiveLeaseEntry, builder: Builder, { nodeId, driverName, clock }: LeaseStepDeps): Receipt {
  const { record, opening } = entry
  const destroyedAtMs = clock.now()
  const left = opening?.connections(record.leaseId) ?? 0
  return {
    builderId: builder.record.builderId,
    nodeId,
    driver: driverName,
    createdAtMs: record.readyAtMs ?? record.receivedAtMs,
    destroyedAtMs,
    teardownMs: 0,
    during: { permission: opening ? 1 : 0 },
    leftovers: Array.from({ length: left }, (_, index) => `connection ${index + 1} of ${record.leaseId}`),
  }
}
