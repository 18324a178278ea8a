import { z } from 'zod'
import {
  BuilderConnection,
  BuilderTimings,
  builderFailures,
  Platform,
  Receipt,
  releaseReasons,
  ShownLossReason,
} from './builder.ts'
import { BuilderId, BuildId, NodeId } from './ids.ts'

const platform = { platform: Platform }
const lossReason = { lossReason: ShownLossReason }

const RequestedPlatform = z.object({ ...platform, state: z.literal('requested') })
/** `position` 0 is being started. */
const QueuedPlatform = z.object({
  ...platform,
  state: z.literal('queued'),
  position: z.int().min(0),
  estimateSeconds: z.int().exactOptional(),
})
const ReadyPlatform = z.object({
  ...platform,
  state: z.literal('ready'),
  builderId: BuilderId,
  nodeId: NodeId,
  emulated: z.boolean(),
  connection: BuilderConnection,
  timings: BuilderTimings,
})
const FailedPlatform = z.object({
  ...platform,
  state: z.literal('failed'),
  reason: z.enum(builderFailures),
  ...lossReason,
  detail: z.string().exactOptional(),
})
const DestroyedPlatform = z.object({
  ...platform,
  state: z.literal('destroyed'),
  reason: z.enum(releaseReasons),
  ...lossReason,
  receipt: Receipt,
})
export const PlatformState = z.discriminatedUnion('state', [
  RequestedPlatform,
  QueuedPlatform,
  ReadyPlatform,
  FailedPlatform,
  DestroyedPlatform,
])
export type PlatformState = z.infer<typeof PlatformState>

const buildOutcomes = [
  'success',
  'error',
  'canceled',
  'client_gone',
  'run_over',
  'time_up',
  'refused',
  'failed',
] as const
export type BuildOutcome = (typeof buildOutcomes)[number]

/** What its workflow and its client see alike. */
const buildMembers = {
  buildId: BuildId,
  /** Grows with every change. */
  version: z.int().min(1),
  phase: z.enum(['confirming', 'active', 'ending', 'ended']),
  /** Set from `ending` on. */
  outcome: z.enum(buildOutcomes).exactOptional(),
  /** With `refused`: why the run may not build (any more); with `failed`: a builder failure. */
  reason: z.string().exactOptional(),
  ...lossReason,
}

/** The whole of a build at one moment: the result of its workflow and the answer to its updates and its query. */
export const BuildState = z.object({
  ...buildMembers,
  expiresAtMs: z.int(),
  platforms: z.array(PlatformState).max(Platform.options.length),
})
export type BuildState = z.infer<typeof BuildState>

const { sealedClientKey: _sealed, ...openConnection } = BuilderConnection.shape
/** A ready builder as its client sees it: the way to it beside the rest, with the client's key in the clear. */
export const ReadyBuilder = z.object({
  ...ReadyPlatform.omit({ connection: true }).shape,
  ...openConnection,
  clientKey: z
    .string()
    .exactOptional()
    .meta({ description: 'PKCS #8; absent when the client brought a certificate request' }),
})
export type ReadyBuilder = z.infer<typeof ReadyBuilder>

/** One platform as its client sees it. Whoever reads this holds the build token, so it has the client's key in it. */
export const PlatformAnswer = z.discriminatedUnion('state', [
  RequestedPlatform,
  QueuedPlatform,
  ReadyBuilder,
  FailedPlatform,
  DestroyedPlatform,
])
export type PlatformAnswer = z.infer<typeof PlatformAnswer>

/** The answer to `GET /v1/builds/{id}`, and the data of its events. */
export const BuildAnswer = z.object({
  ...buildMembers,
  expiresAt: z.iso.datetime(),
  platforms: z.array(PlatformAnswer).max(Platform.options.length),
})
export type BuildAnswer = z.infer<typeof BuildAnswer>
