import { createHash } from 'node:crypto'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { BuilderFailure, BuilderLossReason, Platform, Receipt, ReleaseReason } from '@forkproof/contracts/builder'
import type { BuilderEvent } from '@forkproof/contracts/events'
import {
  BuilderId,
  BuildId,
  type LeaseId,
  NodeId,
  ProjectId,
  RelationshipId,
  RepositoryName,
  RunAttempt,
  RunId,
} from '@forkproof/contracts/ids'

/** A build for tests and for recording histories; another build id and run id for each name. */
export function sampleBuild(name: string, changes: Partial<BuildSpec> = {}, nowMs = Date.now()): BuildSpec {
  const digest = createHash('sha256').update(name)
  return {
    buildId: BuildId.parse(digest.copy().digest('base64url')),
    sealKey: { kty: 'OKP', crv: 'X25519', x: `${'A'.repeat(42)}A` },
    projectId: ProjectId.parse('prj_aaaaaaaaaaaaaaaa'),
    relationshipId: RelationshipId.parse('trl_bbbbbbbbbbbbbbbb'),
    run: {
      eventClass: 'fork_pull_request',
      repository: RepositoryName.parse('octo-org/octo-repo'),
      repositoryId: '74',
      runId: RunId.parse(String(1 + (digest.digest().readUInt32BE(0) % 1_000_000_000))),
      attempt: RunAttempt.parse('1'),
    },
    builderClass: 'ephemeral',
    egress: 'none',
    allowedPlatforms: ['linux/amd64', 'linux/arm64'],
    wishes: [{ platform: 'linux/amd64' }],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 600_000,
    ...changes,
  }
}

export const sampleNode = NodeId.parse('node-1')
export const otherNode = NodeId.parse('node-2')
const builderId = BuilderId.parse('baaaaaaaaaaa')

const sampleReceipt: Receipt = {
  builderId,
  nodeId: sampleNode,
  driver: 'memory',
  createdAtMs: 1_790_000_000_000,
  destroyedAtMs: 1_790_000_060_000,
  teardownMs: 120,
  during: { process: 2 },
  leftovers: [],
}

interface About {
  readonly buildId: BuildId
  readonly leaseId: LeaseId
  readonly platform: Platform
}

/** Events of one lease, as a node sends them. */
export function eventsOf({ buildId, leaseId, platform }: About, nodeId: NodeId = sampleNode) {
  const about = { buildId, leaseId, platform, nodeId }
  const envelope = (kind: string, time = '2026-11-25T10:00:00.000Z') =>
    ({
      specversion: '1.0',
      id: `${leaseId}:${nodeId}:${kind}`,
      source: `forkproof/provisioner/${nodeId}`,
      subject: buildId,
      time,
      datacontenttype: 'application/json',
    }) as const
  const connection = {
    endpoint: '127.0.0.1:8443',
    serverName: `${builderId}.builders.example.dev`,
    caCertificate: 'ca',
    clientCertificate: 'certificate',
    sealedClientKey: 'sealed',
  }
  const timings = { warm: true, leaseMs: 20, startMs: 300, canaryMs: 200 }
  return {
    accepted: (position = 0, time?: string): BuilderEvent => ({
      ...envelope(`accepted:${position}`, time),
      type: 'forkproof.builder.accepted.v1',
      data: { ...about, position },
    }),
    ready: (): BuilderEvent => ({
      ...envelope('ready'),
      type: 'forkproof.builder.ready.v1',
      data: { ...about, builderId, emulated: false, connection, timings },
    }),
    failed: (reason: BuilderFailure, retryable: boolean, lossReason?: BuilderLossReason): BuilderEvent => ({
      ...envelope('failed'),
      type: 'forkproof.builder.failed.v1',
      data: { ...about, reason, ...(lossReason && { lossReason }), retryable },
    }),
    destroyed: (reason: ReleaseReason, lossReason?: BuilderLossReason): BuilderEvent => ({
      ...envelope('destroyed'),
      type: 'forkproof.builder.destroyed.v1',
      data: {
        ...about,
        builderId,
        reason,
        ...(lossReason && { lossReason }),
        receipt: { ...sampleReceipt, nodeId, leftovers: [] },
      },
    }),
  }
}
