import { BuilderId, LeaseId, ProjectId } from '@forkproof/contracts/ids'
import type { BuilderTraits } from '../builders/builder-record.ts'
import type { BuilderView, LeaseView, PlanSettings, Situation } from '../reconcile/views.ts'

export const nowMs = 1_790_000_000_000

export const lease = (digit: number): LeaseId => LeaseId.parse(`00000000-0000-4000-8000-00000000000${digit}`)
export const builder = (letter: string): BuilderId => BuilderId.parse(`b${letter.repeat(11)}`)

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

export const leaseView = (digit: number, changes: Partial<LeaseView> = {}): LeaseView => ({
  leaseId: lease(digit),
  phase: 'waiting',
  traits: ephemeral,
  expiresAtMs: nowMs + 300_000,
  leaseEndsAtMs: nowMs + 1_200_000,
  receivedAtMs: nowMs - 10_000,
  seenAtMs: nowMs,
  connections: 0,
  // Already said, so that a table shows what it is about.
  report: { position: changes.phase === undefined || changes.phase === 'waiting' ? 1 : 0, atMs: nowMs },
  ...changes,
})

export const builderView = (letter: string, changes: Partial<BuilderView> = {}): BuilderView => ({
  builderId: builder(letter),
  phase: 'ready',
  traits: ephemeral,
  createdAtMs: nowMs - 1_000,
  endsAtMs: nowMs + 10_000_000,
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

export const situation = (changes: Partial<Situation> = {}): Situation => ({
  nowMs,
  stopping: false,
  leases: [],
  builders: [],
  hearingSinceMs: nowMs - 1_000_000,
  warmAfterMs: 0,
  unavailable: [],
  ...changes,
})
