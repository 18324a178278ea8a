import type {
  BuilderConnection,
  BuilderLossReason,
  BuilderTimings,
  Receipt,
  ReleaseReason,
} from '@forkproof/contracts/builder'
import type { BuilderEvent } from '@forkproof/contracts/events'
import type { BuilderId, NodeId } from '@forkproof/contracts/ids'
import { subjects } from '@forkproof/contracts/subjects'
import type { Ending, LeaseRef, OutgoingEvent } from '../state/lease-record.ts'

const detailCharactersMax = 500
const leftoverCharactersMax = 300
const leftoversMax = 200

export interface EventOrigin {
  readonly nodeId: NodeId
  readonly nowMs: number
}
type Kind = 'accepted' | 'ready' | 'failed' | 'destroyed'

/** The id is made of the lease and the kind: an event that is said again has the same. */
function envelope(lease: LeaseRef, kind: Kind, origin: EventOrigin, suffix = '') {
  return {
    specversion: '1.0' as const,
    id: `${lease.leaseId}:${kind}${suffix}`,
    source: `/builder-provisioner/${origin.nodeId}`,
    time: new Date(origin.nowMs).toISOString(),
    datacontenttype: 'application/json' as const,
    subject: lease.buildId,
  }
}

const refOf = (lease: LeaseRef, origin: EventOrigin) => ({
  buildId: lease.buildId,
  leaseId: lease.leaseId,
  platform: lease.platform,
  nodeId: origin.nodeId,
})

/** `count` is how many times the lease was reported, so that each report has an id of its own. */
export const acceptedEvent = (
  lease: LeaseRef,
  origin: EventOrigin,
  place: { readonly count: number; readonly position: number; readonly estimateSeconds?: number | undefined },
): BuilderEvent => ({
  ...envelope(lease, 'accepted', origin, `:${place.count}`),
  type: 'forkproof.builder.accepted.v1',
  data: {
    ...refOf(lease, origin),
    position: place.position,
    ...(place.estimateSeconds !== undefined && { estimateSeconds: place.estimateSeconds }),
  },
})

export const readyEvent = (
  lease: LeaseRef,
  origin: EventOrigin,
  data: {
    readonly builderId: BuilderId
    readonly emulated: boolean
    readonly connection: BuilderConnection
    readonly timings: BuilderTimings
  },
): BuilderEvent => ({
  ...envelope(lease, 'ready', origin),
  type: 'forkproof.builder.ready.v1',
  data: { ...refOf(lease, origin), ...data },
})

export const failedEvent = (
  lease: LeaseRef,
  origin: EventOrigin,
  failure: Omit<Extract<Ending, { as: 'failed' }>, 'as'>,
): BuilderEvent => ({
  ...envelope(lease, 'failed', origin),
  type: 'forkproof.builder.failed.v1',
  data: {
    ...refOf(lease, origin),
    reason: failure.reason,
    ...(failure.lossReason && { lossReason: failure.lossReason }),
    retryable: failure.retryable,
    ...(failure.detail !== undefined && { detail: failure.detail.slice(0, detailCharactersMax) }),
  },
})

export const destroyedEvent = (
  lease: LeaseRef,
  origin: EventOrigin,
  end: {
    readonly builderId: BuilderId
    readonly reason: ReleaseReason
    readonly lossReason?: BuilderLossReason | undefined
    readonly receipt: Receipt
  },
): BuilderEvent => ({
  ...envelope(lease, 'destroyed', origin),
  type: 'forkproof.builder.destroyed.v1',
  data: {
    ...refOf(lease, origin),
    builderId: end.builderId,
    reason: end.reason,
    ...(end.lossReason && { lossReason: end.lossReason }),
    receipt: bounded(end.receipt),
  },
})

export const outgoingEvent = (event: BuilderEvent): OutgoingEvent => ({
  id: event.id,
  subject: subjects.builderEvent(event),
  text: JSON.stringify(event),
  stored: false,
})

/** What is left may be a lot; the contract has room for this much. */
function bounded(receipt: Receipt) {
  const leftovers = receipt.leftovers.map(name => name.slice(0, leftoverCharactersMax))
  return { ...receipt, during: { ...receipt.during }, leftovers: leftovers.slice(0, leftoversMax) }
}
