import { describe, expect, it } from 'vitest'
import { readBuildState } from './read-known-members.ts'

const receipt = {
  builderId: 'babcdefghijk',
  nodeId: 'node-1',
  driver: 'docker',
  createdAtMs: 1,
  destroyedAtMs: 2,
  teardownMs: 1,
  during: { process: 2 },
  leftovers: [],
}
const ready = {
  platform: 'linux/amd64',
  state: 'ready',
  builderId: 'babcdefghijk',
  nodeId: 'node-1',
  emulated: false,
  connection: {
    endpoint: 'tcp://builders.example.dev:8443',
    serverName: 'babcdefghijk.builders.example.dev',
    caCertificate: 'a',
    clientCertificate: 'b',
    sealedClientKey: 'c',
  },
  timings: { warm: true, leaseMs: 3, startMs: 200, canaryMs: 100 },
}
const destroyed = { platform: 'linux/arm64', state: 'destroyed', reason: 'builder_lost', receipt }
const state = (platforms: object[] = [ready, { ...destroyed, lossReason: 'out_of_memory' }]) => ({
  buildId: 'A'.repeat(43),
  version: 3,
  phase: 'ending',
  outcome: 'failed',
  reason: 'builder_lost',
  lossReason: 'out_of_memory',
  expiresAtMs: 61_000,
  platforms,
})

describe('the state of a build', () => {
  it('of this release is read as it is', () => {
    expect(readBuildState(state())).toEqual(state())
  })

  it('of the next release is read without the members that are new, wherever they stand', () => {
    const next = state([
      { ...ready, more: 1, connection: { ...ready.connection, more: 1 }, timings: { ...ready.timings, more: 1 } },
      { ...destroyed, lossReason: 'out_of_memory', receipt: { ...receipt, more: { deep: [1] } } },
    ])
    expect(readBuildState({ ...next, more: 'x' })).toEqual(state())
  })

  it('of the last release is read without the members that it does not write', () => {
    const { lossReason: _, ...last } = state([destroyed])
    expect(readBuildState(last)).toEqual(last)
  })

  it.each<[string, object]>([
    ['no version', { version: undefined }],
    ['an unknown phase', { phase: 'sleeping' }],
    ['an unknown loss', { lossReason: 'bored' }],
    ['a receipt without its node', { platforms: [{ ...destroyed, receipt: { ...receipt, nodeId: undefined } }] }],
    ['a known member missing beside a new one', { platforms: [{ ...ready, more: 1, emulated: undefined }] }],
  ])('with %s is refused', (_what, change) => {
    expect(() => readBuildState({ ...state(), ...change })).toThrow()
  })
})
