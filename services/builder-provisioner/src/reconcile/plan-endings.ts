import { failureBecause } from '../state/failure.ts'
import type { Ending } from '../state/lease-record.ts'
import type { Action, BuilderSnapshot, LeaseSnapshot, PlanSettings, Snapshot } from './snapshot.ts'

/** A lease that the door has cut loose and whose builder cannot be removed is answered after this long; the removal goes on. */
export const leftoversMsMax = 20_000

/** Which leases are over, and why. */
export function planEndings(situation: Snapshot, settings: PlanSettings): readonly (Action & { do: 'end' })[] {
  const builders = new Map(situation.builders.map(builder => [builder.builderId, builder]))
  return situation.leases.flatMap(lease => {
    if (lease.phase === 'ending') return []
    const builder = lease.builderId && builders.get(lease.builderId)
    const ending = endingOf(lease, builder, situation, settings)
    return ending ? [{ do: 'end' as const, leaseId: lease.leaseId, ending }] : []
  })
}

function endingOf(
  lease: LeaseSnapshot,
  builder: BuilderSnapshot | undefined,
  situation: Snapshot,
  settings: PlanSettings,
): Ending | undefined {
  const { nowMs } = situation
  if (lease.releasedAs) return givenUp(lease, lease.releasedAs)
  if (nowMs >= lease.leaseEndsAtMs) return givenUp(lease, 'time_up')
  if (lease.phase === 'waiting') return waitingEnd(lease, situation)
  const ready = lease.phase === 'ready'
  if (!builder || builder.phase === 'lost' || builder.phase === 'gone') {
    return ready ? { as: 'destroyed', reason: 'builder_lost' } : failureBecause('builder_lost')
  }
  if (builder.phase === 'failed') return builder.failure ?? failureBecause('builder_not_ready')
  if (situation.stopping) return ready ? { as: 'destroyed', reason: 'node_stopping' } : failureBecause('builder_lost')
  return ready && isClientGone(lease, situation, settings) ? { as: 'destroyed', reason: 'client_gone' } : undefined
}

function waitingEnd(lease: LeaseSnapshot, situation: Snapshot): Ending | undefined {
  // Another node may have room: the build asks again under a new lease.
  if (situation.stopping) return failureBecause('no_capacity', 'the node is stopping')
  if (situation.nowMs >= lease.expiresAtMs) return { ...failureBecause('no_capacity'), retryable: false }
  const { egress, kind } = lease.traits
  const lack = situation.unavailable.find(one => one.egress === egress && one.builderClass === kind.class)
  return lack && failureBecause(lack.reason, lack.detail)
}

/** Without a builder there is nothing to give a receipt of. */
const givenUp = (lease: LeaseSnapshot, reason: Extract<Ending, { as: 'destroyed' }>['reason']): Ending =>
  lease.builderId
    ? { as: 'destroyed', reason }
    : { as: 'failed', reason: 'no_capacity', retryable: false, detail: 'given up before a builder was free' }

/** While this process cannot hear the clients, silence means nothing; the wall clock still bounds the lease. */
function isClientGone(lease: LeaseSnapshot, { nowMs, hearingSinceMs }: Snapshot, settings: PlanSettings): boolean {
  if (lease.connections > 0 || hearingSinceMs === undefined) return false
  return nowMs - Math.max(lease.seenAtMs, hearingSinceMs) >= settings.clientGoneMs
}

/** Ending leases that can be answered now. `keeps` tells whether a builder stays, because others use it or it lingers. */
export function planSettlements(situation: Snapshot, keeps: (builder: BuilderSnapshot) => boolean): readonly Action[] {
  const builders = new Map(situation.builders.map(builder => [builder.builderId, builder]))
  return situation.leases.flatMap(lease => {
    if (lease.phase !== 'ending') return []
    const settle = (shared: boolean) => [{ do: 'settle' as const, leaseId: lease.leaseId, shared }]
    const builder = lease.builderId && builders.get(lease.builderId)
    if (!builder || builder.phase === 'gone') return settle(false)
    if (builder.phase === 'stuck') return isOverdue(builder, situation.nowMs) ? settle(false) : []
    return keeps(builder) ? settle(true) : []
  })
}

const isOverdue = (builder: BuilderSnapshot, nowMs: number): boolean =>
  nowMs - (builder.teardown?.beganAtMs ?? nowMs) >= leftoversMsMax
