import type { Action, BuilderSnapshot, LeaseSnapshot, PlanSettings, Snapshot } from './snapshot.ts'
import { isUp } from './snapshot.ts'

/** Whether this builder is to be destroyed now. `users`: the leases that go on using it. */
function isToBeDestroyed(
  builder: BuilderSnapshot,
  users: readonly LeaseSnapshot[],
  snapshot: Snapshot,
  settings: PlanSettings,
): boolean {
  const { nowMs } = snapshot
  if (builder.phase === 'failed' || builder.phase === 'lost') return true
  if (builder.phase === 'stuck') return nowMs >= builder.teardown.retryAtMs
  if (!isUp(builder) || users.length > 0) return false
  if (snapshot.stopping || !builder.traits || nowMs >= builder.endsAtMs) return true
  if (builder.traits.kind.class === 'project') {
    return nowMs - (builder.idleSinceMs ?? nowMs) >= settings.projectLingerMs
  }
  // A builder that served a lease serves no other. One that was never used is replaced before it is stale.
  return builder.used || nowMs - builder.createdAtMs >= settings.warmAgeMsMax
}

/** Builders that are to be destroyed now, and records that no lease needs any more. */
export function planTeardown(
  snapshot: Snapshot,
  usersOf: (builder: BuilderSnapshot) => readonly LeaseSnapshot[],
  settings: PlanSettings,
): readonly Action[] {
  const named = new Set(snapshot.leases.map(lease => lease.builderId))
  return snapshot.builders.flatMap((builder): Action[] => {
    const { builderId } = builder
    if (builder.phase === 'gone') return named.has(builderId) ? [] : [{ do: 'drop', builderId }]
    return isToBeDestroyed(builder, usersOf(builder), snapshot, settings) ? [{ do: 'destroy', builderId }] : []
  })
}
