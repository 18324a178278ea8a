import { randomUUID } from 'node:crypto'
import { LeaseId } from '@forkproof/contracts/ids'
import { consumers } from '@forkproof/contracts/subjects'
import { describe, expect, it } from 'vitest'
import { letSettle, NodeHarness, testNodeId } from '../testing/node-harness.ts'

const requests = consumers.builderRequests('linux/amd64', 'ephemeral')
const someLeaseId = () => LeaseId.parse(randomUUID())

async function started(settings: Parameters<NodeHarness['start']>[0] = {}) {
  const world = new NodeHarness()
  await world.start(settings)
  return world
}

describe('a request', () => {
  it('that comes twice makes one builder', async () => {
    const world = await started()
    const leaseId = world.request()
    world.request({ leaseId })
    await world.event(leaseId, 'ready')
    world.request({ leaseId })
    await world.pass(5_000)
    expect(world.driver.made).toHaveLength(1)
    expect(world.kinds(leaseId)).toEqual(['accepted', 'ready'])
  })

  it('that comes again is answered again, under the same ids', async () => {
    const world = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    const said = world.bus.attempts.length
    world.request({ leaseId })
    await world.until(() => world.bus.attempts.length === said * 2)
    expect(new Set(world.bus.attempts.map(({ id }) => id)).size).toBe(said)
  })

  it('of a lease that is over makes nothing and is told so again', async () => {
    const world = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    world.release(leaseId)
    await world.event(leaseId, 'destroyed')
    const said = world.bus.attempts.length
    world.request({ leaseId })
    await world.until(() => world.bus.attempts.length > said)
    await world.pass(3_000)
    expect(world.driver.made).toHaveLength(1)
    expect(world.kinds(leaseId)).toEqual(['accepted', 'ready', 'destroyed'])
  })

  it('that comes too late makes nothing', async () => {
    const world = await started()
    const leaseId = world.request({ waitMs: 0 })
    const failed = await world.event(leaseId, 'failed')
    expect(failed.data).toMatchObject({ reason: 'no_capacity', retryable: false })
    expect(world.driver.made).toHaveLength(0)
  })

  it('for a lease that is over already makes nothing', async () => {
    const world = await started()
    const failed = await world.event(world.request({ leaseMs: 0 }), 'failed')
    expect(failed.data).toMatchObject({ reason: 'no_capacity', retryable: false })
  })

  it('that cannot be recorded is not taken, and comes again', async () => {
    const world = await started()
    world.leaseRecords.full = true
    const leaseId = world.request()
    await world.until(() => world.bus.outcomes.length > 0)
    expect(world.bus.outcomes).toEqual(['later'])
    expect(world.driver.made).toHaveLength(0)
    world.leaseRecords.full = false
    world.bus.redeliver()
    await world.event(leaseId, 'ready')
  })

  it('is recorded before anything is made', async () => {
    const world = await started()
    let recorded: readonly number[] = []
    world.driver.faults.create = () => {
      recorded = [world.leaseRecords.texts.size, world.builderRecords.texts.size]
    }
    await world.event(world.request(), 'ready')
    expect(recorded).toEqual([1, 1])
  })

  it('with a certificate request that is refused fails, and its builder goes', async () => {
    const world = await started()
    const certificateRequest = '-----BEGIN CERTIFICATE REQUEST-----\nbad\n-----END CERTIFICATE REQUEST-----\n'
    const failed = await world.event(world.request({ certificateRequest }), 'failed')
    expect(failed.data).toMatchObject({ reason: 'certificate_request_invalid', retryable: false, detail: 'no' })
    expect(world.driver.machine.size).toBe(0)
  })

  it.each([
    '',
    'not JSON',
    '{}',
    '[]',
    'null',
    '{"type":"forkproof.builder.requested.v1"}',
    `{"x":"${'x'.repeat(20_000)}"}`,
  ])('that makes no sense is dropped: %.40s', async text => {
    const world = await started()
    world.bus.send(requests, text)
    world.bus.send(consumers.builderReleases(testNodeId), text)
    await world.until(() => world.bus.outcomes.length === 2)
    expect(world.bus.outcomes).toEqual(['never', 'never'])
    expect(world.bus.stored).toEqual([])
  })
})

describe('a release', () => {
  it('that comes twice ends the lease once', async () => {
    const world = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    world.release(leaseId, 'canceled')
    world.release(leaseId, 'finished')
    expect((await world.event(leaseId, 'destroyed')).data.reason).toBe('canceled')
    world.release(leaseId, 'finished')
    await world.pass(3_000)
    expect(world.kinds(leaseId)).toEqual(['accepted', 'ready', 'destroyed'])
  })

  it('that comes before its request makes the request make nothing', async () => {
    const world = await started()
    const leaseId = someLeaseId()
    world.release(leaseId)
    expect((await world.event(leaseId, 'failed')).data).toMatchObject({ reason: 'builder_lost', retryable: false })
    world.request({ leaseId })
    await world.pass(3_000)
    expect(world.driver.made).toHaveLength(0)
    expect(world.kinds(leaseId)).toEqual(['failed'])
  })

  it('of a lease that waits ends it', async () => {
    const world = await started({ capacity: 1 })
    await world.event(world.request(), 'ready')
    const leaseId = world.request()
    await world.event(leaseId, 'accepted')
    world.release(leaseId, 'canceled')
    expect((await world.event(leaseId, 'failed')).data).toMatchObject({ reason: 'no_capacity', retryable: false })
  })

  it('while the builder is being made stops the making and gives a receipt', async () => {
    const world = await started()
    let stopped = false
    world.driver.faults.create = (_spec, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          stopped = true
          reject(new Error('stopped'))
        }),
      )
    const leaseId = world.request()
    await world.until(() => world.driver.made.length === 1)
    world.release(leaseId, 'canceled')
    expect((await world.event(leaseId, 'destroyed')).data).toMatchObject({ reason: 'canceled' })
    expect([stopped, world.driver.machine.size]).toEqual([true, 0])
  })

  it('is not lost when the node dies before it acts', async () => {
    const world = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    world.driver.faults.destroy = () => new Promise(() => undefined)
    world.release(leaseId, 'finished')
    await world.until(() => world.bus.outcomes.length === 2)
    world.kill()
    world.driver.faults = {}
    await world.start()
    expect((await world.event(leaseId, 'destroyed')).data.reason).toBe('finished')
  })
})

describe('a full node', () => {
  it('tells who waits the place, and the new one when it changes', async () => {
    const world = await started({ capacity: 1 })
    const [first, second, third] = [world.request(), world.request(), world.request()]
    await world.event(first, 'ready')
    expect((await world.event(second, 'accepted')).data.position).toBe(1)
    expect((await world.event(third, 'accepted')).data.position).toBe(2)
    await world.pass(6_000)
    world.release(first)
    await world.event(second, 'ready')
    const moved = await world.until(() =>
      world.events(third).find(event => event.type === 'forkproof.builder.accepted.v1' && event.data.position === 1),
    )
    expect(moved.data).toMatchObject({ estimateSeconds: 6 })
  })

  it('takes no more from the stream than may wait', async () => {
    const world = await started({ capacity: 1, queueMax: 2 })
    await world.event(world.request(), 'ready')
    const leases = [world.request(), world.request(), world.request()]
    await world.pass(10_000)
    expect(leases.map(leaseId => world.kinds(leaseId).length)).toEqual([1, 1, 0])
    await world.pass(15_000)
    expect(world.bus.outcomes.filter(outcome => outcome === 'later')).toHaveLength(1)
  })

  it('fails who has waited for too long', async () => {
    const world = await started({ capacity: 1 })
    const holder = world.request()
    await world.event(holder, 'ready')
    const leaseId = world.request({ waitMs: 30_000 })
    await world.event(leaseId, 'accepted')
    await world.pass(31_000)
    expect((await world.event(leaseId, 'failed')).data).toMatchObject({ reason: 'no_capacity', retryable: false })
    expect(world.kinds(holder)).toEqual(['accepted', 'ready'])
  })

  it('makes a warm builder go for a lease that needs another', async () => {
    const world = await started({ capacity: 1, warm: 1 })
    await world.until(() => world.driver.machine.size === 1)
    const leaseId = world.request({ egress: 'internet' })
    await world.event(leaseId, 'ready')
    await letSettle()
    expect([...world.driver.machine.values()].map(({ spec }) => spec.egress)).toEqual(['internet'])
  })
})
