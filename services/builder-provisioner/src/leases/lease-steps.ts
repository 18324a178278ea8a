import type { Platform, Receipt } from '@forkproof/contracts/builder'
import type { NodeId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { type Builder, receiptOf } from '../builders/builder.ts'
import {
  acceptedEvent,
  destroyedEvent,
  type EventOrigin,
  failedEvent,
  outgoingEvent,
  readyEvent,
} from '../events/builder-event.ts'
import { failureOf, lossBeforeReady } from '../state/failure.ts'
import type { Ending, OverLease } from '../state/lease-record.ts'
import { type ConnectLeaseDeps, connectLease } from './connect-lease.ts'
import type { LeaseStore } from './lease-store.ts'
import type { LiveNodeLease } from './node-lease.ts'

/** Commands live this long in the stream: until then one may come again, and must find that its lease is over. */
export const commandLifeMs = 3_600_000

export interface LeaseStepDeps extends ConnectLeaseDeps {
  readonly nodeId: NodeId
  readonly driverName: string
  readonly isEmulated: (platform: Platform) => boolean
  readonly leases: LeaseStore
  readonly clock: Clock
  readonly log: Logger
}

const originOf = ({ nodeId, clock }: LeaseStepDeps): EventOrigin => ({
  nodeId,
  nowMs: clock.now(),
})

/** Tells the build the lease's place in the queue. */
export function reportQueuePlace(
  lease: LiveNodeLease,
  place: { position: number; estimateSeconds?: number },
  deps: LeaseStepDeps,
): void {
  const { record } = lease
  const count = record.reports + 1
  const event = acceptedEvent(record, originOf(deps), { ...place, count })
  deps.leases.noteReport(record.leaseId, place.position)
  deps.leases.change({ ...record, reports: count }, outgoingEvent(event))
}

/** Makes the certificates and tells the client, unless the lease was given up meanwhile. */
export async function connectClient(lease: LiveNodeLease, builder: Builder, deps: LeaseStepDeps): Promise<void> {
  const { leases, clock, log } = deps
  const { leaseId } = lease.record
  try {
    const { connection, open } = await connectLease(lease.record, builder, deps)
    // The lease and its builder may have changed while the certificates were made.
    if (lease.record.phase !== 'connecting' || builder.status.phase !== 'ready') return
    leases.setRoute(leaseId, open())
    leases.noteSeen(leaseId)
    const readyAtMs = clock.now()
    const { warm, record } = lease
    const { startMs = 0, canaryMs = 0 } = builder.timings ?? {}
    const timings = { warm, leaseMs: readyAtMs - record.receivedAtMs, startMs, canaryMs }
    const { builderId } = builder.record
    const emulated = deps.isEmulated(record.platform)
    const event = readyEvent(record, originOf(deps), { builderId, emulated, connection, timings })
    leases.change({ ...record, phase: 'ready', readyAtMs }, outgoingEvent(event))
    log.info({ leaseId, builderId, warm, elapsedMs: timings.leaseMs }, 'a builder is ready')
  } catch (err) {
    log.warn({ leaseId, err }, 'a lease could not be connected')
    if (lease.record.phase === 'connecting') endLease(lease, failureOf(err), deps)
  }
}

/** From here on its client reaches nothing. */
export function endLease({ record, route }: LiveNodeLease, ending: Ending, { leases, log }: LeaseStepDeps): void {
  const { leaseId, builderId } = record
  route?.revoke(leaseId)
  leases.change({ ...record, phase: 'ending', ending })
  log.info({ leaseId, builderId, reason: ending.reason }, 'a lease ends')
}

/** Says how the lease ended. `shared`: the builder goes on, so the receipt is of what was the lease's own. */
export function settleLease(
  lease: LiveNodeLease,
  builder: Builder | undefined,
  shared: boolean,
  deps: LeaseStepDeps,
): void {
  const { record } = lease
  const { ending, leaseId, buildId, platform, events } = record
  if (!ending) return
  const origin = originOf(deps)
  const receipt =
    builder && (shared ? ownReceipt(lease, builder, deps) : receiptOf(builder, deps.nodeId, deps.driverName))
  const event =
    ending.as === 'destroyed' && receipt
      ? destroyedEvent(record, origin, { ...ending, builderId: receipt.builderId, receipt })
      : failedEvent(record, origin, ending.as === 'failed' ? ending : unconfirmed(ending))
  deps.leases.closeRoute(leaseId)
  const over: OverLease = {
    leaseId,
    buildId,
    platform,
    phase: 'over',
    forgetAtMs: Math.max(deps.clock.now(), record.wish.expiresAtMs) + commandLifeMs,
    events: events.filter(said => !said.stored),
  }
  deps.leases.change(over, outgoingEvent(event))
}

/** Nothing is known of the builder that could be a receipt of its end. */
const unconfirmed = ({ lossReason }: Ending) => ({
  ...lossBeforeReady(lossReason ?? 'teardown_unconfirmed'),
  retryable: false,
})

function ownReceipt(
  { record, route }: LiveNodeLease,
  builder: Builder,
  { nodeId, driverName, clock }: LeaseStepDeps,
): Receipt {
  const left = route?.connections(record.leaseId) ?? 0
  return {
    builderId: builder.record.builderId,
    nodeId,
    driver: driverName,
    createdAtMs: record.readyAtMs ?? record.receivedAtMs,
    destroyedAtMs: clock.now(),
    teardownMs: 0,
    during: { permission: route ? 1 : 0 },
    leftovers: Array.from({ length: left }, (_, index) => `connection ${index + 1} of ${record.leaseId}`),
  }
}
