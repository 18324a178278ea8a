import { BuildAnswer, type PlatformAnswer } from '@forkproof/contracts/build'
import { builderLossReasons, builderLossTexts } from '@forkproof/contracts/builder'
import { BuilderId, BuildId, NodeId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { buildEndFailure } from './await-builders.ts'
import { ClientBuildAnswer, StartedBuildAnswer } from './build-answer.ts'

const platform = 'linux/amd64'
const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const nodeId = NodeId.parse('node-1')
const builderId = BuilderId.parse('baaaaaaaaaaa')
const platforms: Record<PlatformAnswer['state'], PlatformAnswer> = {
  requested: { platform, state: 'requested' },
  queued: { platform, state: 'queued', position: 2, estimateSeconds: 20 },
  ready: {
    ...{ platform, state: 'ready', builderId, nodeId, emulated: true },
    ...{ endpoint: 'tcp://builders.test:8443', serverName: 'b1.builders.test' },
    ...{ caCertificate: certificate, clientCertificate: certificate, clientKey: 'key' },
    timings: { warm: true, leaseMs: 12, startMs: 0, canaryMs: 0 },
  },
  failed: { platform, state: 'failed', reason: 'builder_lost', lossReason: 'node_restarted', detail: 'words' },
  destroyed: {
    ...{ platform, state: 'destroyed', reason: 'builder_lost', lossReason: 'node_restarted' },
    receipt: {
      ...{ builderId, nodeId, driver: 'process', createdAtMs: 1, destroyedAtMs: 2, teardownMs: 1 },
      ...{ during: {}, leftovers: [] },
    },
  },
}
const states = Object.keys(platforms) as PlatformAnswer['state'][]

/** A build that ended, as this release's gateway writes it. */
const answerWith = (state: PlatformAnswer['state']): BuildAnswer =>
  BuildAnswer.parse({
    buildId: BuildId.parse('b'.repeat(43)),
    version: 3,
    phase: 'ended',
    outcome: 'failed',
    reason: 'builder_lost',
    lossReason: 'node_restarted',
    expiresAt: '2030-01-01T00:00:00.000Z',
    platforms: [platforms[state]],
  } satisfies BuildAnswer)

/** The same with one member more in every object. */
function withOneMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOneMore)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, member]) => [name, withOneMore(member)])
  return { ...Object.fromEntries(entries), ofTheNextRelease: { any: ['thing'] } }
}

describe('an answer about a build', () => {
  it.each(states)('is read the same with one member more in every object: %s', state => {
    const answer = answerWith(state)
    const read = ClientBuildAnswer.parse(answer)
    expect(read.platforms).toMatchObject([{ platform, state }])
    expect(ClientBuildAnswer.parse(withOneMore(answer))).toEqual(read)
    if (state === 'ready') expect(read.platforms).toMatchObject([{ timings: { warm: true, leaseMs: 12 } }])
  })

  it.each(['outcome', 'reason', 'lossReason', 'expiresAt', 'buildId'])('is read without its %s', member => {
    const answer = Object.fromEntries(Object.entries(answerWith('ready')).filter(([name]) => name !== member))
    expect(ClientBuildAnswer.parse(answer)).toMatchObject({ version: 3, phase: 'ended' })
  })

  it.each([
    ['queued', 'position'],
    ['queued', 'estimateSeconds'],
    ['ready', 'nodeId'],
    ['ready', 'emulated'],
    ['ready', 'timings'],
    ['ready', 'clientKey'],
    ['failed', 'lossReason'],
    ['failed', 'detail'],
    ['destroyed', 'reason'],
    ['destroyed', 'receipt'],
  ] as const)('is read where a platform that is %s has no %s', (state, missing) => {
    const one = Object.fromEntries(Object.entries(platforms[state]).filter(([name]) => name !== missing))
    const read = ClientBuildAnswer.parse({ ...answerWith('requested'), platforms: [one] })
    expect(read.platforms).toMatchObject([{ platform, state }])
  })

  it.each([
    ['outcome', { outcome: 'tired' }],
    ['reason', { reason: 'bored' }],
    ['loss reason', { lossReason: 'struck_by_lightning' }],
    [
      'failure of a platform',
      { platforms: [{ platform, state: 'failed', reason: 'bored', lossReason: 'struck_by_lightning' }] },
    ],
  ])('is read with an unknown %s', (_, changes) => {
    expect(ClientBuildAnswer.safeParse({ ...answerWith('requested'), ...changes })).toMatchObject({ success: true })
  })

  it('that began the build keeps its token also with a state that is not understood', () => {
    const started = { buildId: 'b'.repeat(43), buildToken: `fpb_${'t'.repeat(43)}`, expiresAt: '2030-01-01T00:00:00Z' }
    const read = StartedBuildAnswer.parse({ ...started, state: { phase: 'dreaming' }, ofTheNextRelease: 1 })
    expect(read).toEqual({ ...started, state: undefined })
  })
})

describe('a lost builder', () => {
  it.each(builderLossReasons)('is explained by the sentence for %s', lossReason => {
    const failure = buildEndFailure(ClientBuildAnswer.parse({ ...answerWith('requested'), lossReason }))
    expect(failure).toMatchObject({ code: 'builder_lost', detail: builderLossTexts[lossReason] })
  })

  it('is told without a reason where the gateway gives none', () => {
    const { lossReason: _, ...answer } = answerWith('requested')
    expect(buildEndFailure(ClientBuildAnswer.parse(answer))).toMatchObject({ code: 'builder_lost', detail: undefined })
  })
})
