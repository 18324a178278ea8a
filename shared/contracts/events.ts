import { z } from 'zod'
import {
  BuilderClass,
  BuilderConnection,
  BuilderTimings,
  builderFailures,
  CertificateRequest,
  Egress,
  Platform,
  Receipt,
  releaseReasons,
  ShownLossReason,
} from './builder.ts'
import { Channel } from './channels.ts'
import { SealKey } from './claim.ts'
import { refusalReasons } from './errors.ts'
import { BuilderId, BuildId, ClaimId, LeaseId, NodeId, ProjectId } from './ids.ts'

/** CloudEvents 1.0, JSON format. `id` is also the NATS message id: consumers and the stream drop doubles by it. */
const envelope = {
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(200),
  source: z.string(),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
}

const ClaimProvenEvent = z.object({
  ...envelope,
  type: z.literal('forkproof.claim.proven.v1'),
  subject: ClaimId,
  data: z.object({
    repository: z.string(),
    repositoryId: z.string(),
    runId: z.string(),
    pullRequest: z.string().optional(),
    channel: Channel,
    tokenId: z.string(),
    audience: z.string(),
  }),
})
const ClaimRefusedEvent = z.object({
  ...envelope,
  type: z.literal('forkproof.claim.refused.v1'),
  subject: ClaimId,
  data: z.object({ repository: z.string(), runId: z.string(), reason: z.enum(refusalReasons) }),
})
export const ForkproofEvent = z.discriminatedUnion('type', [ClaimProvenEvent, ClaimRefusedEvent])
export type ForkproofEvent = z.infer<typeof ForkproofEvent>

const buildRef = { buildId: BuildId, leaseId: LeaseId, platform: Platform }
const builderRef = { ...buildRef, builderId: BuilderId, nodeId: NodeId }

/**
 * Asks for one builder (docs/glossary.md: builder request). After `expiresAtMs` no node may start on it any more, so a
 * late command makes nothing.
 */
export const BuilderRequestedEvent = z.object({
  ...envelope,
  type: z.literal('forkproof.builder.requested.v1'),
  subject: BuildId,
  data: z.object({
    ...buildRef,
    projectId: ProjectId,
    builderClass: BuilderClass,
    egress: Egress,
    sealKey: SealKey,
    certificateRequest: CertificateRequest.exactOptional(),
    expiresAtMs: z.int(),
    /** Wall clock of the lease: the builder is gone at this time whatever happens. */
    leaseEndsAtMs: z.int(),
  }),
})
/** Sent to the node that accepted the lease (docs/glossary.md: release). */
export const BuilderReleasedEvent = z.object({
  ...envelope,
  type: z.literal('forkproof.builder.released.v1'),
  subject: BuildId,
  data: z.object({ ...buildRef, nodeId: NodeId, reason: z.enum(releaseReasons) }),
})
export const BuilderCommand = z.discriminatedUnion('type', [BuilderRequestedEvent, BuilderReleasedEvent])
export type BuilderCommand = z.infer<typeof BuilderCommand>
export type BuilderRequested = z.infer<typeof BuilderRequestedEvent>
export type BuilderReleased = z.infer<typeof BuilderReleasedEvent>

/** A node has taken the lease; from here on `released` goes to it. `position` 0 is being started. */
const BuilderAcceptedEvent = z.object({
  ...envelope,
  type: z.literal('forkproof.builder.accepted.v1'),
  subject: BuildId,
  data: z.object({
    ...buildRef,
    nodeId: NodeId,
    position: z.int().min(0),
    estimateSeconds: z.int().exactOptional(),
  }),
})
const BuilderReadyEvent = z.object({
  ...envelope,
  type: z.literal('forkproof.builder.ready.v1'),
  subject: BuildId,
  data: z.object({
    ...builderRef,
    emulated: z.boolean(),
    connection: BuilderConnection,
    timings: BuilderTimings,
  }),
})
/** Nothing of the lease exists (any more). `retryable`: another try may succeed. */
const BuilderFailedEvent = z.object({
  ...envelope,
  type: z.literal('forkproof.builder.failed.v1'),
  subject: BuildId,
  data: z.object({
    ...buildRef,
    nodeId: NodeId,
    reason: z.enum(builderFailures),
    lossReason: ShownLossReason,
    detail: z.string().max(500).exactOptional(),
    retryable: z.boolean(),
  }),
})
/** The lease is over. For a project builder that others still use, the receipt is of the lease's own traces. */
const BuilderDestroyedEvent = z.object({
  ...envelope,
  type: z.literal('forkproof.builder.destroyed.v1'),
  subject: BuildId,
  data: z.object({ ...builderRef, reason: z.enum(releaseReasons), lossReason: ShownLossReason, receipt: Receipt }),
})
export const BuilderEvent = z.discriminatedUnion('type', [
  BuilderAcceptedEvent,
  BuilderReadyEvent,
  BuilderFailedEvent,
  BuilderDestroyedEvent,
])
export type BuilderEvent = z.infer<typeof BuilderEvent>

/** What a node can do, kept fresh in the bucket `nodes`; an entry that is not renewed expires. */
export const NodeAnnouncement = z.object({
  nodeId: NodeId,
  driver: z.string().max(32),
  /** What the driver isolates with, for people. */
  isolation: z.array(z.string().max(200)).max(20),
  platforms: z.array(z.object({ platform: Platform, emulated: z.boolean() })).max(4),
  egress: z.array(Egress).max(2),
  capacity: z.int().min(0),
  running: z.int().min(0),
  waiting: z.int().min(0),
  warm: z.int().min(0),
  /** What this machine lacks for some kind of builder, and how to get it; for people. */
  missing: z.array(z.string().max(1_000)).max(8),
  announcedAtMs: z.int(),
})
export type NodeAnnouncement = z.infer<typeof NodeAnnouncement>
