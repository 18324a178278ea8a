import type { BuilderLossReason } from '@forkproof/contracts/builder'
import { failureBecause, lossAfterReady, lossBeforeReady } from '../state/failure.ts'
import type { Ending } from '../state/lease-record.ts'
import type { Action, BuilderSnapshot, LeaseSnapshot, PlanSettings, Snapshot } from './snapshot.ts'

/** A lease without a route whose builder cannot be destroyed is answered after this long; destroying it goes on. */
const leftoversMsMax = 20_000

/** Which leases end now, and how. */
export function planEndings(snapshot: Snapshot, settings: PlanSettings): readonly (Action & { do: 'end' })[] {
  const builders = new Map(snapshot.builders.map(builder => [builder.builderId, builder]))
  return snapshot.leases.flatMap(lease => {
    if (lease.phase === 'ending') return []
    const builder = lease.builderId && builders.get(lease.builderId)
    const ending = endingOf(lease, builder, snapshot, settings)
    return ending ? [{ do: 'end' as const, leaseId: lease.leaseId, ending }] : []
  })
}

function endingOf(
  lease: LeaseSnapshot,
  builder: BuilderSnapshot | undefined,
  snapshot: Snapshot,
  settings: PlanSettings,
): Ending | undefined {
  const { nowMs } = snapshot
  if (lease.releasedAs) return givenUp(lease, lease.releasedAs)
  if (nowMs >= lease.leaseEndsAtMs) return givenUp(lease, 'time_up')
  if (lease.phase === 'waiting') return waitingEnd(lease, snapshot)
  const ready = lease.phase === 'ready'
  const lossReason = lossReasonOf(builder)
  if (lossReason) return ready ? lossAfterReady(lossReason) : lossBeforeReady(lossReason)
  if (builder?.phase === 'failed') return builder.failure
  if (snapshot.stopping) return ready ? { as: 'destroyed', reason: 'node_stopping' } : lossBeforeReady('node_stopping')
  return ready && isClientGone(lease, snapshot, settings) ? { as: 'destroyed', reason: 'client_gone' } : undefined
}

function lossReasonOf(builder: BuilderSnapshot | undefined): BuilderLossReason | undefined {
  if (!builder || builder.phase === 'gone') return 'unknown_to_node'
  return builder.phase === 'lost' ? builder.lossReason : undefined
}

function waitingEnd(lease: LeaseSnapshot, snapshot: Snapshot): Ending | undefined {
  // Another node may have room: the build asks again under a new lease.
  if (snapshot.stopping) return failureBecause('no_capacity', 'the node is stopping')
  if (snapshot.nowMs >= lease.expiresAtMs) return { ...failureBecause('no_capacity'), retryable: false }
  const { egress, kind } = lease.traits
  const lack = snapshot.unavailable.find(one => one.egress === egress && one.builderClass === kind.class)
  return lack && failureBecause(lack.reason, lack.detail)
}

/** Without a builder there is nothing to give a receipt of. */
const givenUp = (lease: LeaseSnapshot, reason: Extract<Ending, { as: 'destroyed' }>['reason']): Ending =>
  lease.builderId
    ? { as: 'destroyed', reason }
    : { as: 'failed', reason: 'no_capacity', retryable: false, detail: 'given up before a builder was free' }

/** Silence means nothing while the bus is down; the wall clock still bounds the lease. */
function isClientGone(lease: LeaseSnapshot, { nowMs, busUpSinceMs }: Snapshot, settings: PlanSettings): boolean {
  if (lease.connections > 0 || busUpSinceMs === undefined) return false
  return nowMs - Math.max(lease.seenAtMs, busUpSinceMs) >= settings.clientGoneMs
}

/**
 * Ending leases that can be answered now. `keeps`: whether a builder stays, because other leases use it or it lingers.
 */
export function planSettlements(snapshot: Snapshot, keeps: (builder: BuilderSnapshot) => boolean): readonly Action[] {
  const builders = new Map(snapshot.builders.map(builder => [builder.builderId, builder]))
  return snapshot.leases.flatMap(lease => {
    if (lease.phase !== 'ending') return []
    const settle = (shared: boolean) => [{ do: 'settle' as const, leaseId: lease.leaseId, shared }]
    const builder = lease.builderId && builders.get(lease.builderId)
    if (!builder || builder.phase === 'gone') return settle(false)
    if (builder.phase === 'stuck') return isOverdue(builder, snapshot.nowMs) ? settle(false) : []
    return keeps(builder) ? settle(true) : []
  })
}

const isOverdue = ({ teardown }: BuilderSnapshot & { phase: 'stuck' }, nowMs: number): boolean =>
  nowMs - teardown.beganAtMs >= leftoversMsMax
