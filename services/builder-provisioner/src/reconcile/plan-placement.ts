import type { BuilderId } from '@forkproof/contracts/ids'
import type { BuilderTraits } from '../state/builder-record.ts'
import type { Action, BuilderSnapshot, LeaseSnapshot, PlanSettings, Snapshot } from './snapshot.ts'
import { isUp } from './snapshot.ts'

/**
 * A build that was just given a builder is about to use this machine: a pool that is not empty is filled after this
 * pause.
 */
const calmAfterMs = 1_000

/** Places on this machine during one pass of the plan. */
interface Placement {
  free: number
  /** Places that will be free when builders that are being destroyed are gone. */
  coming: number
  /** Given to a lease, or destroyed, in this pass. */
  readonly taken: Set<BuilderId>
  readonly actions: Action[]
}

/**
 * Gives waiting leases a builder, first come, first served: one that is there and fits, else a new one. Else an idle
 * builder that fits no lease makes room.
 * Places that are left become warm builders. `doomed`: destroyed in this pass.
 */
export function planPlacement(
  snapshot: Snapshot,
  doomed: ReadonlySet<BuilderId>,
  users: ReadonlySet<BuilderId>,
  settings: PlanSettings,
): readonly Action[] {
  if (snapshot.stopping) return []
  const standing = snapshot.builders.filter(builder => builder.phase !== 'gone')
  const leaving = standing.filter(builder => builder.phase === 'destroying' || doomed.has(builder.builderId))
  const places: Placement = {
    free: settings.capacity - standing.length,
    coming: leaving.length,
    taken: new Set(doomed),
    actions: [],
  }
  const waiting = snapshot.leases.filter(lease => lease.phase === 'waiting')
  const unplaced = waiting.filter(lease => !placeLease(lease, standing, users, places))
  const starting = snapshot.leases.some(({ phase }) => phase === 'starting' || phase === 'connecting')
  const newestMs = Math.max(...snapshot.leases.map(({ receivedAtMs }) => receivedAtMs), 0)
  // Warm builders are made when no build waits for the machine.
  if (unplaced.length === 0 && !starting && snapshot.nowMs >= snapshot.warmAfterMs) {
    refill(standing, places, settings, snapshot.nowMs - newestMs >= calmAfterMs)
  }
  return places.actions
}

function placeLease(
  lease: LeaseSnapshot,
  standing: readonly BuilderSnapshot[],
  users: ReadonlySet<BuilderId>,
  places: Placement,
): boolean {
  const { leaseId, traits } = lease
  const usable = standing.filter(builder => !places.taken.has(builder.builderId) && fits(lease, builder))
  const chosen = usable.find(builder => builder.phase === 'ready') ?? usable[0]
  if (chosen) {
    if (traits.kind.class === 'ephemeral') places.taken.add(chosen.builderId)
    places.actions.push({ do: 'bind', leaseId, builderId: chosen.builderId })
    return true
  }
  const owner = standing.find(builder => sharesState(traits, builder.traits))
  if (owner) {
    // The kept state has one owner at a time: this lease waits for that builder, and ends it when no lease uses it.
    if (isUp(owner) && !users.has(owner.builderId)) evict(owner, places)
    return false
  }
  const sameState = places.actions.some(action => action.do === 'create' && sharesState(traits, action.traits))
  if (sameState) return false
  if (places.free > 0) {
    places.free -= 1
    places.actions.push({ do: 'create', traits, leaseId })
    return true
  }
  if (places.coming > 0) places.coming -= 1
  else {
    const idle = standing.find(builder => isIdle(builder, users) && !places.taken.has(builder.builderId))
    if (idle) evict(idle, places)
  }
  return false
}

function evict({ builderId }: BuilderSnapshot, places: Placement): void {
  if (places.taken.has(builderId)) return
  places.taken.add(builderId)
  places.actions.push({ do: 'destroy', builderId })
}

const isIdle = (builder: BuilderSnapshot, users: ReadonlySet<BuilderId>): boolean =>
  isUp(builder) && builder.traits !== undefined && !users.has(builder.builderId)

function fits(lease: LeaseSnapshot, builder: BuilderSnapshot): boolean {
  const { traits } = builder
  if (!isUp(builder) || !traits || builder.endsAtMs < lease.leaseEndsAtMs) return false
  if (traits.platform !== lease.traits.platform || traits.egress !== lease.traits.egress) return false
  return traits.kind.class === 'ephemeral'
    ? lease.traits.kind.class === 'ephemeral' && !builder.used
    : sharesState(lease.traits, traits)
}

/** Both would use the kept state of one project on one platform. */
function sharesState(one: BuilderTraits, other: BuilderTraits | undefined): boolean {
  if (one.kind.class !== 'project' || other?.kind.class !== 'project') return false
  return one.kind.projectId === other.kind.projectId && one.platform === other.platform
}

function refill(
  standing: readonly BuilderSnapshot[],
  places: Placement,
  settings: PlanSettings,
  isCalm: boolean,
): void {
  let starting = standing.filter(one => one.phase === 'starting' && !one.used).length
  for (const platform of settings.warmPlatforms) {
    const traits = { platform, egress: settings.warmEgress, kind: { class: 'ephemeral' as const } }
    let have = standing.filter(builder => !places.taken.has(builder.builderId) && isWarm(builder, traits)).length
    if (have > 0 && !isCalm) continue
    while (have < settings.warm && places.free > 0 && starting < settings.warmStartsMax) {
      have += 1
      starting += 1
      places.free -= 1
      places.actions.push({ do: 'create', traits })
    }
  }
}

const isWarm = (builder: BuilderSnapshot, traits: BuilderTraits): boolean =>
  isUp(builder) &&
  !builder.used &&
  builder.traits?.kind.class === 'ephemeral' &&
  builder.traits.platform === traits.platform &&
  builder.traits.egress === traits.egress
