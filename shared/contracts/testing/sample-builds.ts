import { BuildAnswer, BuildState, PlatformAnswer, PlatformState } from '../build.ts'
import { BuildSpec } from '../build-spec.ts'
import { BuilderCommand, BuilderEvent, NodeAnnouncement } from '../events.ts'
import { type SampleMessage, sampleValues } from './sample-message.ts'

const { thumbprint, uuid, time, atMs, sealKey, request, platform, nodeId, builderId, envelope, run, admitted } =
  sampleValues

const connection = {
  endpoint: 'tcp://127.0.0.1:8443',
  serverName: 'b.builders.example.dev',
  caCertificate: 'ca',
  clientCertificate: 'certificate',
  sealedClientKey: 'sealed',
}
const timings = { warm: true, leaseMs: 20, startMs: 300, canaryMs: 200 }
const receipt = {
  builderId,
  nodeId,
  driver: 'memory',
  createdAtMs: atMs,
  destroyedAtMs: atMs + 1,
  teardownMs: 120,
  during: { process: 2 },
  leftovers: ['a mount'],
}
const requested = { platform, state: 'requested' }
const queued = { platform, state: 'queued', position: 1, estimateSeconds: 4 }
const ready = { platform, state: 'ready', builderId, nodeId, emulated: false, timings }
const failed = { platform, state: 'failed', reason: 'builder_lost', lossReason: 'out_of_memory', detail: 'd' }
const destroyed = { platform, state: 'destroyed', reason: 'builder_lost', lossReason: 'out_of_memory', receipt }
const { sealedClientKey: _, ...openConnection } = connection
const buildMembers = {
  buildId: thumbprint,
  version: 3,
  phase: 'ended',
  outcome: 'failed',
  reason: 'builder_lost',
  lossReason: 'out_of_memory',
}

const ref = { buildId: thumbprint, leaseId: uuid, platform }
const builder = (kind: string, data: object) => ({
  ...envelope(thumbprint),
  type: `forkproof.builder.${kind}.v1`,
  data: { ...ref, ...data },
})
export const sampleBuildMessages: readonly SampleMessage[] = [
  {
    name: 'the input of a build',
    schema: BuildSpec,
    value: {
      buildId: thumbprint,
      sealKey,
      projectId: admitted.projectId,
      relationshipId: admitted.relationshipId,
      run,
      builderClass: 'ephemeral',
      egress: 'none',
      allowedPlatforms: [platform],
      wishes: [{ platform, certificateRequest: request }],
      createdAtMs: atMs,
      expiresAtMs: atMs + 60_000,
    },
  },
  {
    name: 'the state of a build',
    schema: BuildState,
    value: { ...buildMembers, expiresAtMs: atMs, platforms: [{ ...ready, connection }, failed] },
  },
  { name: 'a platform asked for', schema: PlatformState, value: requested },
  { name: 'a platform that waits', schema: PlatformState, value: queued },
  { name: 'a platform that is ready', schema: PlatformState, value: { ...ready, connection } },
  { name: 'a platform that failed', schema: PlatformState, value: failed },
  { name: 'a platform that is gone', schema: PlatformState, value: destroyed },
  {
    name: 'the answer about a build',
    schema: BuildAnswer,
    value: { ...buildMembers, expiresAt: time, platforms: [{ ...ready, ...openConnection, clientKey: 'k' }, queued] },
  },
  {
    name: 'the answer about a ready builder',
    schema: PlatformAnswer,
    value: { ...ready, ...openConnection, clientKey: 'k' },
  },
  {
    name: 'the request for a builder',
    schema: BuilderCommand,
    value: builder('requested', {
      projectId: admitted.projectId,
      builderClass: 'ephemeral',
      egress: 'none',
      sealKey,
      certificateRequest: request,
      expiresAtMs: atMs,
      leaseEndsAtMs: atMs,
    }),
  },
  {
    name: 'the release of a builder',
    schema: BuilderCommand,
    value: builder('released', { nodeId, reason: 'finished' }),
  },
  {
    name: 'the event accepted',
    schema: BuilderEvent,
    value: builder('accepted', { nodeId, position: 1, estimateSeconds: 4 }),
  },
  {
    name: 'the event ready',
    schema: BuilderEvent,
    value: builder('ready', { builderId, nodeId, emulated: false, connection, timings }),
  },
  {
    name: 'the event failed',
    schema: BuilderEvent,
    value: builder('failed', {
      nodeId,
      reason: 'builder_lost',
      lossReason: 'out_of_memory',
      detail: 'd',
      retryable: true,
    }),
  },
  {
    name: 'the event destroyed',
    schema: BuilderEvent,
    value: builder('destroyed', { builderId, nodeId, reason: 'builder_lost', lossReason: 'out_of_memory', receipt }),
  },
  {
    name: 'the announcement of a node',
    schema: NodeAnnouncement,
    value: {
      nodeId,
      driver: 'memory',
      isolation: ['none'],
      platforms: [{ platform, emulated: false }],
      egress: ['none'],
      capacity: 4,
      running: 1,
      waiting: 0,
      warm: 1,
      missing: ['qemu'],
      announcedAtMs: atMs,
    },
  },
]
