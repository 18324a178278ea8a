import type { BuilderId, LeaseId } from '@forkproof/contracts/ids'
import { planEndings, planSettlements } from './plan-endings.ts'
import { planPlacement } from './plan-placement.ts'
import { planTeardown } from './plan-teardown.ts'
import type { Action, BuilderSnapshot, LeaseSnapshot, PlanSettings, Snapshot } from './snapshot.ts'

/** The place in the queue is said again at most this often. */
const reportEveryMs = 5_000

/**
 * What to do now, from what is desired and what is observed. docs/glossary.md: plan.
 * Pure and level-triggered: carrying the actions out and asking again comes to an end, whatever the start.
 */
export function planActions(snapshot: Snapshot, settings: PlanSettings): readonly Action[] {
  const endings = planEndings(snapshot, settings)
  const ended = new Set(endings.map(({ leaseId }) => leaseId))
  const going = snapshot.leases.filter(lease => lease.phase !== 'ending' && !ended.has(lease.leaseId))
  const usersOf = (builder: BuilderSnapshot) => going.filter(lease => lease.builderId === builder.builderId)
  const teardown = planTeardown(snapshot, usersOf, settings)
  const doomed = new Set(teardown.flatMap(action => (action.do === 'destroy' ? [action.builderId] : [])))
  const users = new Set(going.flatMap(lease => (lease.builderId ? [lease.builderId] : [])))
  const placement = planPlacement({ ...snapshot, leases: going }, doomed, users, settings)
  const evicted = new Set(placement.flatMap(action => (action.do === 'destroy' ? [action.builderId] : [])))
  const keeps = ({ builderId, phase, traits }: BuilderSnapshot) =>
    (phase === 'ready' || phase === 'starting') &&
    traits?.kind.class === 'project' &&
    !doomed.has(builderId) &&
    !evicted.has(builderId)
  const ready = new Set(snapshot.builders.filter(({ phase }) => phase === 'ready').map(one => one.builderId))
  return [
    ...endings,
    ...planSettlements(snapshot, keeps),
    ...teardown,
    ...placement,
    ...planConnections(going, ready),
    ...planReports(going, placement, ready, snapshot, settings),
  ]
}

type ReadyBuilders = ReadonlySet<BuilderId | undefined>

function planConnections(going: readonly LeaseSnapshot[], ready: ReadyBuilders): readonly Action[] {
  return going
    .filter(lease => lease.phase === 'starting' && ready.has(lease.builderId))
    .map(({ leaseId }) => ({ do: 'connect', leaseId }))
}

/**
 * Position 0 is being started; a waiting lease is told when its place changes.
 * A lease that found a ready builder is told that instead, at once.
 */
function planReports(
  going: readonly LeaseSnapshot[],
  placement: readonly Action[],
  ready: ReadyBuilders,
  { nowMs, averageLeaseMs }: Snapshot,
  { capacity }: PlanSettings,
): readonly Action[] {
  const placed = new Map<LeaseId | undefined, BuilderId | undefined>()
  for (const action of placement) {
    if (action.do === 'bind') placed.set(action.leaseId, action.builderId)
    if (action.do === 'create') placed.set(action.leaseId, undefined)
  }
  let waiting = 0
  return going.flatMap(({ leaseId, phase, report, builderId }): Action[] => {
    const waits = phase === 'waiting' && !placed.has(leaseId)
    if (waits) waiting += 1
    const position = waits ? waiting : 0
    const unchanged = report && (report.position === position || nowMs - report.atMs < reportEveryMs)
    if (unchanged || phase === 'ready' || ready.has(builderId ?? placed.get(leaseId))) return []
    const estimateSeconds = Math.ceil((position * (averageLeaseMs ?? 0)) / capacity / 1_000)
    return [{ do: 'report', leaseId, position, ...(waits && averageLeaseMs !== undefined && { estimateSeconds }) }]
  })
}
