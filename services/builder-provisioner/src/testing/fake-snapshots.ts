import { BuilderId, LeaseId, ProjectId } from '@forkproof/contracts/ids'
import type { BuilderFacts, BuilderSnapshot, LeaseSnapshot, PlanSettings, Snapshot } from '../reconcile/snapshot.ts'
import type { BuilderTraits } from '../state/builder-record.ts'
import type { BuilderStatus } from '../state/builder-status.ts'

export const planNowMs = 1_790_000_000_000

export const planLeaseId = (digit: number): LeaseId => LeaseId.parse(`00000000-0000-4000-8000-00000000000${digit}`)
export const planBuilderId = (letter: string): BuilderId => BuilderId.parse(`b${letter.repeat(11)}`)

export const ephemeral: BuilderTraits = { platform: 'linux/amd64', egress: 'none', kind: { class: 'ephemeral' } }
export const withInternet: BuilderTraits = { ...ephemeral, egress: 'internet' }
export const onArm: BuilderTraits = { ...ephemeral, platform: 'linux/arm64' }
export const projectA: BuilderTraits = {
  ...ephemeral,
  kind: { class: 'project', projectId: ProjectId.parse(`prj_${'a'.repeat(16)}`) },
}
export const projectB: BuilderTraits = {
  ...ephemeral,
  kind: { class: 'project', projectId: ProjectId.parse(`prj_${'b'.repeat(16)}`) },
}

export const fakeLease = (digit: number, changes: Partial<LeaseSnapshot> = {}): LeaseSnapshot => ({
  leaseId: planLeaseId(digit),
  phase: 'waiting',
  traits: ephemeral,
  expiresAtMs: planNowMs + 300_000,
  leaseEndsAtMs: planNowMs + 1_200_000,
  receivedAtMs: planNowMs - 10_000,
  seenAtMs: planNowMs,
  connections: 0,
  // Already said, so that a table shows what it is about.
  report: { position: changes.phase === undefined || changes.phase === 'waiting' ? 1 : 0, atMs: planNowMs },
  ...changes,
})

/** A phase comes with all that it needs. */
export type BuilderChanges = Partial<BuilderFacts> & (BuilderStatus | { readonly phase?: never })

export function fakeBuilder(letter: string, changes: BuilderChanges = {}): BuilderSnapshot {
  const facts: BuilderFacts = {
    builderId: planBuilderId(letter),
    traits: ephemeral,
    createdAtMs: planNowMs - 1_000,
    endsAtMs: planNowMs + 10_000_000,
    used: false,
  }
  return changes.phase === undefined ? { ...facts, ...changes, phase: 'ready' } : { ...facts, ...changes }
}

export const planSettings: PlanSettings = {
  capacity: 2,
  warm: 0,
  warmStartsMax: 2,
  warmPlatforms: ['linux/amd64'],
  warmEgress: 'none',
  warmAgeMsMax: 3_600_000,
  clientGoneMs: 120_000,
  projectLingerMs: 0,
}

export const fakeSnapshot = (changes: Partial<Snapshot> = {}): Snapshot => ({
  nowMs: planNowMs,
  stopping: false,
  leases: [],
  builders: [],
  busUpSinceMs: planNowMs - 1_000_000,
  warmAfterMs: 0,
  unavailable: [],
  ...changes,
})
