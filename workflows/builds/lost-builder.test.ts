import type { BuilderEvent } from '@forkproof/contracts/events'
import type { LeaseId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { LiveBuild } from './live-build.ts'
import { stateInWords } from './state-in-words.ts'
import { eventsOf, sampleBuild } from './testing/sample-build.ts'

const nowMs = 1_790_000_000_000
const leaseId = '11111111-1111-4111-8111-111111111111' as LeaseId

/** A confirmed build with one lease, after the events of its node. */
function buildAfter(events: (from: ReturnType<typeof eventsOf>) => BuilderEvent[]) {
  const build = new LiveBuild(sampleBuild('lost', {}, nowMs), nowMs)
  const { buildId } = build.spec
  build.activate(nowMs)
  const [request] = build.leases.requestsToServe()
  if (!request) throw new Error('nothing to serve')
  build.leases.open(request, leaseId, nowMs)
  for (const event of events(eventsOf({ buildId, leaseId, platform: 'linux/amd64' }))) build.apply(event)
  build.tick(nowMs)
  return build.state()
}

describe('the state of a build whose builder was lost', () => {
  it('says why, for the platform and for the build, when the builder was in use', () => {
    const state = buildAfter(from => [from.ready(), from.destroyed('builder_lost', 'out_of_memory')])
    expect(state).toMatchObject({ outcome: 'failed', reason: 'builder_lost', lossReason: 'out_of_memory' })
    expect(state.platforms).toMatchObject([
      { state: 'destroyed', reason: 'builder_lost', lossReason: 'out_of_memory', receipt: { leftovers: [] } },
    ])
    expect(stateInWords(state)).toContain('failed, builder_lost, out_of_memory')
  })

  it('says why when the builder was never ready', () => {
    const state = buildAfter(from => [from.accepted(), from.failed('builder_lost', false, 'node_restarted')])
    expect(state).toMatchObject({ outcome: 'failed', reason: 'builder_lost', lossReason: 'node_restarted' })
    expect(state.platforms).toMatchObject([{ state: 'failed', lossReason: 'node_restarted' }])
  })

  it('says that its node is being stopped, whatever release the node has', () => {
    const state = buildAfter(from => [from.ready(), from.destroyed('node_stopping')])
    expect(state).toMatchObject({ outcome: 'failed', reason: 'builder_lost', lossReason: 'node_stopping' })
    expect(state.platforms).toMatchObject([{ state: 'destroyed', reason: 'node_stopping' }])
  })

  it('says nothing of it when the node is of a release that does not', () => {
    const state = buildAfter(from => [from.ready(), from.destroyed('builder_lost')])
    expect(state).toMatchObject({ outcome: 'failed', reason: 'builder_lost' })
    expect(state).not.toHaveProperty('lossReason')
    expect(state.platforms[0]).not.toHaveProperty('lossReason')
  })

  it('does not carry it into an end for another reason', () => {
    const state = buildAfter(from => [from.accepted(), from.failed('no_capacity', false)])
    expect(state).toMatchObject({ outcome: 'failed', reason: 'no_capacity' })
    expect(state).not.toHaveProperty('lossReason')
  })
})
