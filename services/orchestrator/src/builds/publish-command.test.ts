import type { BuilderReleased, BuilderRequested } from '@forkproof/contracts/events'
import { BuildId, LeaseId, NodeId, ProjectId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { createCommandActivities } from './publish-command.ts'

const buildId = BuildId.parse('B'.repeat(43))
const leaseId = LeaseId.parse('11111111-1111-4111-8111-111111111111')
const envelope = {
  specversion: '1.0',
  source: 'forkproof/orchestrator',
  subject: buildId,
  time: '2026-11-25T10:00:00.000Z',
  datacontenttype: 'application/json',
} as const

const requested: BuilderRequested = {
  ...envelope,
  id: `${leaseId}:requested`,
  type: 'forkproof.builder.requested.v1',
  data: {
    buildId,
    leaseId,
    platform: 'linux/arm64',
    projectId: ProjectId.parse('prj_aaaaaaaaaaaaaaaa'),
    builderClass: 'project',
    egress: 'none',
    sealKey: { kty: 'OKP', crv: 'X25519', x: `${'A'.repeat(42)}A` },
    expiresAtMs: 1_790_000_300_000,
    leaseEndsAtMs: 1_790_001_200_000,
  },
}
const nodeId = NodeId.parse('node-7')
const released: BuilderReleased = {
  ...envelope,
  id: `${leaseId}:released:${nodeId}`,
  type: 'forkproof.builder.released.v1',
  data: { buildId, leaseId, platform: 'linux/arm64', nodeId, reason: 'finished' },
}

function publishing() {
  const stored: { subject: string; text: string; messageId: string }[] = []
  const bus = {
    store: async (subject: string, text: string, messageId: string) => {
      stored.push({ subject, text, messageId })
    },
  }
  return { stored, publish: createCommandActivities(bus).publishCommand }
}

describe('publishCommand', () => {
  it('stores a request in the work queue of its platform and class', async () => {
    const { stored, publish } = publishing()
    await publish(requested)
    expect(stored).toMatchObject([
      { subject: 'forkproof.command.builder.request.linux-arm64.project', messageId: requested.id },
    ])
    expect(JSON.parse(stored[0]?.text ?? '')).toEqual(requested)
  })

  it('stores a release for the node that has the lease', async () => {
    const { stored, publish } = publishing()
    await publish(released)
    expect(stored).toMatchObject([{ subject: 'forkproof.command.builder.release.node-7', messageId: released.id }])
  })

  it.each([
    ['an unknown type', { ...requested, type: 'forkproof.builder.wished.v1' }],
    ['an event that is no command', { ...released, type: 'forkproof.builder.destroyed.v1' }],
    ['a member that is not in the schema', { ...requested, data: { ...requested.data, token: 'fpb_x' } }],
    [
      'a private seal key',
      { ...requested, data: { ...requested.data, sealKey: { ...requested.data.sealKey, d: 'x' } } },
    ],
    ['a platform nobody has', { ...requested, data: { ...requested.data, platform: 'plan9/mips' } }],
    ['a certificate request that is none', { ...requested, data: { ...requested.data, certificateRequest: 'secret' } }],
    ['a node whose name is a wildcard', { ...released, data: { ...released.data, nodeId: '>' } }],
    ['no id', { ...requested, id: '' }],
  ])('refuses %s for good, stores nothing and repeats nothing of it', async (_name, command) => {
    const { stored, publish } = publishing()
    const failure = await publish(command as BuilderRequested).catch((error: unknown) => error)
    expect(failure).toMatchObject({ nonRetryable: true, type: 'invalid_command', cause: undefined })
    expect(String(failure)).not.toContain('secret')
    expect(stored).toEqual([])
  })

  it('fails while the bus is away, so that it is tried again', async () => {
    const away = createCommandActivities({ store: () => Promise.reject(new Error('timeout')) })
    await expect(away.publishCommand(requested)).rejects.toThrow('timeout')
  })
})
