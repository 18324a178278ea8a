import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { PlatformRequest, ReleaseReason } from '@forkproof/contracts/builder'
import type { BuilderReleased, BuilderRequested } from '@forkproof/contracts/events'
import type { NodeId } from '@forkproof/contracts/ids'
import type { Lease } from './lease.ts'

const envelope = (spec: BuildSpec, id: string, nowMs: number) =>
  ({
    specversion: '1.0',
    id,
    source: 'forkproof/orchestrator',
    subject: spec.buildId,
    time: new Date(nowMs).toISOString(),
    datacontenttype: 'application/json',
  }) as const

const about = ({ buildId }: BuildSpec, { leaseId, platform }: Lease) => ({ buildId, leaseId, platform })

export function requestOf(spec: BuildSpec, lease: Lease, request: PlatformRequest, nowMs: number): BuilderRequested {
  const { projectId, builderClass, egress, sealKey, expiresAtMs: leaseEndsAtMs } = spec
  const { certificateRequest } = request
  return {
    ...envelope(spec, `${lease.leaseId}:requested`, nowMs),
    type: 'forkproof.builder.requested.v1',
    data: {
      ...about(spec, lease),
      projectId,
      builderClass,
      egress,
      sealKey,
      ...(certificateRequest !== undefined && { certificateRequest }),
      expiresAtMs: lease.expiresAtMs,
      leaseEndsAtMs,
    },
  }
}

/** One id for each node: a lease that two nodes took is released twice, and the stream drops doubles by id alone. */
export function releaseOf(
  spec: BuildSpec,
  lease: Lease,
  to: { nodeId: NodeId; reason: ReleaseReason },
  nowMs: number,
): BuilderReleased {
  return {
    ...envelope(spec, `${lease.leaseId}:released:${to.nodeId}`, nowMs),
    type: 'forkproof.builder.released.v1',
    data: { ...about(spec, lease), ...to },
  }
}
