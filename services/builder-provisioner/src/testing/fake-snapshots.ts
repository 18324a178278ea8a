import { BuilderId, LeaseId, ProjectId } from '@forkproof/contracts/ids'
import type { BuilderSnapshot, LeaseSnapshot, PlanSettings, Snapshot } from '../reconcile/snapshot.ts'
import type { BuilderTraits } from '../state/builder-record.ts'

export const planNowMs = 1_790_000_000_000

export const leaseIdOf = (digit: number): LeaseId => LeaseId.parse(`00000000-0000-4000-8000-00000000000${digit}`)
export const builderIdOf = (letter: string): BuilderId => BuilderId.parse(`b${letter.repeat(11)}`)

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
  leaseId: leaseIdOf(digit),
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

export const fakeBuilder = (letter: string, changes: Partial<BuilderSnapshot> = {}): BuilderSnapshot => ({
  builderId: builderIdOf(letter),
  phase: 'ready',
  traits: ephemeral,
  createdAtMs: planNowMs - 1_000,
  endsAtMs: planNowMs + 10_000_000,
  used: false,
  ...changes,
})

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
  hearingSinceMs: planNowMs - 1_000_000,
  warmAfterMs: 0,
  unavailable: [],
  ...changes,
})
