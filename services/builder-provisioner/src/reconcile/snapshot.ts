import type { BuilderFailure, Egress, Platform, ReleaseReason } from '@forkproof/contracts/builder'
import type { BuilderId, LeaseId } from '@forkproof/contracts/ids'
import type { Builder } from '../builders/builder.ts'
import type { LiveNodeLease } from '../leases/node-lease.ts'
import type { BuilderTraits } from '../state/builder-record.ts'
import type { BuilderStatus } from '../state/builder-status.ts'
import type { Ending, LiveLease } from '../state/lease-record.ts'

/** A lease as the plan sees it. */
export interface LeaseSnapshot {
  readonly leaseId: LeaseId
  readonly phase: LiveLease['phase']
  readonly traits: BuilderTraits
  readonly expiresAtMs: number
  readonly leaseEndsAtMs: number
  readonly receivedAtMs: number
  readonly builderId?: BuilderId | undefined
  readonly releasedAs?: ReleaseReason | undefined
  /** Last sign of life of the client; at first the time when it was told. */
  readonly seenAtMs: number
  readonly connections: number
  /** What was said last about its place in the queue. */
  readonly report?: { readonly position: number; readonly atMs: number } | undefined
}

export interface BuilderFacts {
  readonly builderId: BuilderId
  /** Absent for an orphan, whose traits no record tells: it fits no lease. */
  readonly traits?: BuilderTraits | undefined
  readonly createdAtMs: number
  readonly endsAtMs: number
  /** A lease was bound to it once. */
  readonly used: boolean
  /** Since when no lease has used it. */
  readonly idleSinceMs?: number | undefined
}
/** A builder as the plan sees it. */
export type BuilderSnapshot = BuilderStatus & BuilderFacts

/** What a plan is made from. docs/glossary.md: snapshot. */
export interface Snapshot {
  readonly nowMs: number
  readonly stopping: boolean
  /** First come, first served; none that is over. */
  readonly leases: readonly LeaseSnapshot[]
  readonly builders: readonly BuilderSnapshot[]
  /** Since when clients' signs of life can arrive; absent while the bus is down. */
  readonly busUpSinceMs?: number | undefined
  /** Not before this time another warm builder is tried, after one that failed. */
  readonly warmAfterMs: number
  readonly averageLeaseMs?: number | undefined
  readonly unavailable: readonly Unavailable[]
}

/** What this machine cannot make, and why. */
export interface Unavailable {
  readonly egress: Egress
  readonly builderClass: BuilderTraits['kind']['class']
  readonly reason: Extract<BuilderFailure, 'isolation_missing' | 'egress_unavailable'>
  readonly detail: string
}

export interface PlanSettings {
  readonly capacity: number
  /** Ready, never-used builders per platform. */
  readonly warm: number
  /** So many of them are made at once: each takes all that a core can give. */
  readonly warmStartsMax: number
  readonly warmPlatforms: readonly Platform[]
  readonly warmEgress: Egress
  readonly warmAgeMsMax: number
  readonly clientGoneMs: number
  /** How long a project's builder stays when its last lease has ended. */
  readonly projectLingerMs: number
}

export type Action =
  | { readonly do: 'end'; readonly leaseId: LeaseId; readonly ending: Ending }
  /** Says how it ended. `shared`: others still use the builder, so the receipt is of the lease's own traces. */
  | { readonly do: 'settle'; readonly leaseId: LeaseId; readonly shared: boolean }
  | { readonly do: 'destroy'; readonly builderId: BuilderId }
  /** Nothing of it is left, and no lease needs its receipt any more. */
  | { readonly do: 'drop'; readonly builderId: BuilderId }
  | { readonly do: 'bind'; readonly leaseId: LeaseId; readonly builderId: BuilderId }
  | { readonly do: 'connect'; readonly leaseId: LeaseId }
  | { readonly do: 'create'; readonly traits: BuilderTraits; readonly leaseId?: LeaseId }
  | {
      readonly do: 'report'
      readonly leaseId: LeaseId
      readonly position: number
      readonly estimateSeconds?: number
    }

export const isUp = (builder: BuilderSnapshot): boolean => builder.phase === 'starting' || builder.phase === 'ready'

export const snapshotOfBuilder = ({ record, status, used, idleSinceMs }: Builder): BuilderSnapshot => ({
  ...status,
  builderId: record.builderId,
  traits: record.traits,
  createdAtMs: record.createdAtMs,
  endsAtMs: record.endsAtMs,
  used,
  idleSinceMs,
})

export function snapshotOfLease({ record, seenAtMs, route, report }: LiveNodeLease): LeaseSnapshot {
  const { leaseId, platform, wish: request } = record
  const { builderClass, egress, projectId } = request
  return {
    leaseId,
    phase: record.phase,
    traits: {
      platform,
      egress,
      kind: builderClass === 'project' ? { class: 'project', projectId } : { class: 'ephemeral' },
    },
    expiresAtMs: request.expiresAtMs,
    leaseEndsAtMs: request.leaseEndsAtMs,
    receivedAtMs: record.receivedAtMs,
    builderId: record.builderId,
    releasedAs: record.releasedAs,
    seenAtMs,
    connections: route?.connections(leaseId) ?? 0,
    report,
  }
}
