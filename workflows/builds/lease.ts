import type { Platform } from '@forkproof/contracts/builder'
import type { LeaseId, NodeId } from '@forkproof/contracts/ids'

/** This long after the request's end no node has taken it: one that accepted at the last moment has said so by then. */
const acceptSlackMs = 10_000
/** A node may begin until the request's end, and a builder that starts cold takes this long at most. */
const startMsMax = 90_000
/** A node that says nothing for this long after a release is silent; its builder ends with the lease. */
const teardownMsMax = 90_000

type NodeStage = 'accepted' | 'ready' | 'over'

/** One request of one build for one builder, as far as events tell. */
export interface Lease {
  readonly leaseId: LeaseId
  readonly platform: Platform
  /** 1 for the first try. */
  readonly attempt: number
  readonly expiresAtMs: number
  /** Usually one. A request that the bus delivered twice can be taken by two; the first that is ready serves. */
  readonly nodes: Map<NodeId, NodeStage>
  readonly releasedAtMs: Map<NodeId, number>
  servedBy: NodeId | undefined
  /** The build uses it or waits for it. Never true again once false: what comes later is given back. */
  wanted: boolean
  /** Its request was never sent, for certain: no node can take it. */
  isVoid: boolean
}

export const newLease = (given: Pick<Lease, 'leaseId' | 'platform' | 'attempt' | 'expiresAtMs'>): Lease => ({
  ...given,
  nodes: new Map(),
  releasedAtMs: new Map(),
  servedBy: undefined,
  wanted: true,
  isVoid: false,
})

export const liveNodes = (lease: Lease): NodeId[] =>
  [...lease.nodes].filter(([, stage]) => stage !== 'over').map(([nodeId]) => nodeId)

/** Nodes that hold something of this lease that is not wanted and that have no release for it yet. */
export const nodesToTell = (lease: Lease): NodeId[] =>
  liveNodes(lease).filter(nodeId => {
    const useless = !lease.wanted || (lease.servedBy !== undefined && lease.servedBy !== nodeId)
    return useless && !lease.releasedAtMs.has(nodeId)
  })

/** Until when a lease that is waited for may still become ready, milliseconds since the epoch. */
export const waitEndsAtMs = (lease: Lease): number =>
  lease.expiresAtMs + (liveNodes(lease).length > 0 ? startMsMax : acceptSlackMs)

/** Deadline for news about a lease that is not wanted any more, ms since the epoch; undefined when none is expected. */
export function openUntilMs(lease: Lease): number | undefined {
  if (lease.isVoid) return undefined
  if (lease.nodes.size === 0) return lease.expiresAtMs + acceptSlackMs
  const live = liveNodes(lease)
  if (live.length === 0) return undefined
  return Math.max(...live.map(nodeId => (lease.releasedAtMs.get(nodeId) ?? Number.POSITIVE_INFINITY) + teardownMsMax))
}
