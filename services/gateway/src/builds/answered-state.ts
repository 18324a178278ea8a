import { type BuildState, buildOutcomes } from '@forkproof/contracts/build'
import { builderFailures, Platform, releaseReasons } from '@forkproof/contracts/builder'
import { BuilderId, BuildId, NodeId } from '@forkproof/contracts/ids'
import { z } from 'zod'

const pem = z.string().max(8_192)
const platform = { platform: Platform }
export const Timings = z.object({ warm: z.boolean(), leaseMs: z.number(), startMs: z.number(), canaryMs: z.number() })
export const ShownReceipt = z.object({
  builderId: BuilderId,
  nodeId: NodeId,
  driver: z.string(),
  createdAtMs: z.number(),
  destroyedAtMs: z.number(),
  teardownMs: z.number(),
  during: z.record(z.string(), z.number()),
  leftovers: z.array(z.string()),
})
export const readyMembers = { builderId: BuilderId, nodeId: NodeId, emulated: z.boolean(), timings: Timings }
export const plainStates = [
  z.object({ ...platform, state: z.literal('requested') }),
  z.object({
    ...platform,
    state: z.literal('queued'),
    position: z.int(),
    estimateSeconds: z.number().optional(),
  }),
  z.object({
    ...platform,
    state: z.literal('failed'),
    reason: z.enum(builderFailures),
    detail: z.string().optional(),
  }),
  z.object({
    ...platform,
    state: z.literal('destroyed'),
    reason: z.enum(releaseReasons),
    receipt: ShownReceipt,
  }),
] as const
export const buildMembers = {
  buildId: BuildId,
  version: z.int().min(1),
  phase: z.enum(['confirming', 'active', 'ending', 'ended']),
  outcome: z.enum(buildOutcomes).optional(),
  reason: z.string().optional(),
}

const Ready = z.object({
  ...platform,
  state: z.literal('ready'),
  ...readyMembers,
  connection: z.object({
    endpoint: z.string(),
    serverName: z.string(),
    caCertificate: pem,
    clientCertificate: pem,
    sealedClientKey: pem.optional(),
  }),
})
const Answered = z.object({
  ...buildMembers,
  expiresAtMs: z.int(),
  platforms: z.array(z.discriminatedUnion('state', [Ready, ...plainStates])).max(Platform.options.length),
})

/** What a worker of another version answers is not taken on trust. @throws ZodError */
export function parseBuildState(answer: unknown): BuildState {
  Answered.parse(answer)
  // Parsed, and it was JSON, so that absent members are absent and not `undefined`.
  return answer as BuildState
}
