import {
  BuilderClass,
  builderFailures,
  builderLossReasons,
  CertificateRequest,
  Egress,
  Platform,
  releaseReasons,
} from '@forkproof/contracts/builder'
import { SealKey } from '@forkproof/contracts/claim'
import { BuilderId, BuildId, LeaseId, ProjectId } from '@forkproof/contracts/ids'
import { z } from 'zod'

/** An event for the bus. It stays here until it is there, and after that for a command that comes again. */
export const OutgoingEvent = z.strictObject({
  id: z.string(),
  subject: z.string(),
  text: z.string(),
  stored: z.boolean(),
})
export type OutgoingEvent = z.infer<typeof OutgoingEvent>

const ref = { leaseId: LeaseId, buildId: BuildId, platform: Platform }

/** Records of older releases may have a `traceparent` in it. */
const LeaseRequest = z.object({
  projectId: ProjectId,
  builderClass: BuilderClass,
  egress: Egress,
  sealKey: SealKey,
  certificateRequest: CertificateRequest.optional(),
  expiresAtMs: z.int(),
  leaseEndsAtMs: z.int(),
})

/** Why the builder was lost. Absent for other endings, and in records from before the reasons. */
const lossReason = z.enum(builderLossReasons).optional()

/** How a lease will end once nothing of it is left. */
export const Ending = z.discriminatedUnion('as', [
  z.strictObject({ as: z.literal('destroyed'), reason: z.enum(releaseReasons), lossReason }),
  z.strictObject({
    as: z.literal('failed'),
    reason: z.enum(builderFailures),
    retryable: z.boolean(),
    detail: z.string().max(500).optional(),
    lossReason,
  }),
])
export type Ending = z.infer<typeof Ending>

/**
 * `waiting`: no builder yet. `starting`: bound to a builder that is not ready. `connecting`: its certificates are made.
 * `ready`: the client was told. `ending`: given up, its builder is being destroyed. docs/glossary.md: lease.
 */
export const LiveLease = z.strictObject({
  ...ref,
  phase: z.enum(['waiting', 'starting', 'connecting', 'ready', 'ending']),
  /** What was asked for. Called so on disk since the first release. */
  wish: LeaseRequest,
  receivedAtMs: z.int(),
  /** How many `accepted` were made; part of their ids. */
  reports: z.int(),
  releasedAs: z.enum(releaseReasons).optional(),
  builderId: BuilderId.optional(),
  readyAtMs: z.int().optional(),
  ending: Ending.optional(),
  events: z.array(OutgoingEvent),
})
export type LiveLease = z.infer<typeof LiveLease>

/** Kept for as long as its command may come again; holds no key and no request any more. */
export const OverLease = z.strictObject({
  ...ref,
  phase: z.literal('over'),
  forgetAtMs: z.int(),
  events: z.array(OutgoingEvent),
})
export type OverLease = z.infer<typeof OverLease>

export const LeaseRecord = z.discriminatedUnion('phase', [LiveLease, OverLease])
export type LeaseRecord = z.infer<typeof LeaseRecord>
export type LeaseRef = Pick<LeaseRecord, 'leaseId' | 'buildId' | 'platform'>

export const isLiveRecord = (record: LeaseRecord): record is LiveLease => record.phase !== 'over'
