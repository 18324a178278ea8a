import { randomUUID } from 'node:crypto'
import { LeaseId } from '@forkproof/contracts/ids'
import { consumers } from '@forkproof/contracts/subjects'
import { describe, expect, it } from 'vitest'
import { letSettle, NodeHarness, testNodeId } from '../testing/node-harness.ts'

const requests = consumers.builderRequests('linux/amd64', 'ephemeral')
const someLeaseId = () => LeaseId.parse(randomUUID())

async function started(settings: Parameters<NodeHarness['start']>[0] = {}) {
  const harness = new NodeHarness()
  await harness.start(settings)
  return harness
}

describe('a request', () => {
  it('that comes twice makes one builder', async () => {
    const harness = await started()
    const leaseId = harness.request()
    harness.request({ leaseId })
    await harness.event(leaseId, 'ready')
    harness.request({ leaseId })
    await harness.pass(5_000)
    expect(harness.driver.made).toHaveLength(1)
    expect(harness.kinds(leaseId)).toEqual(['accepted', 'ready'])
  })

  it('that comes again is answered again, under the same ids', async () => {
    const harness = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    const said = harness.bus.attempts.length
    harness.request({ leaseId })
    await harness.until(() => harness.bus.attempts.length === said * 2)
    expect(new Set(harness.bus.attempts.map(({ id }) => id)).size).toBe(said)
  })

  it('of a lease that is over makes nothing and is told so again', async () => {
    const harness = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    harness.release(leaseId)
    await harness.event(leaseId, 'destroyed')
    const said = harness.bus.attempts.length
    harness.request({ leaseId })
    await harness.until(() => harness.bus.attempts.length > said)
    await harness.pass(3_000)
    expect(harness.driver.made).toHaveLength(1)
    expect(harness.kinds(leaseId)).toEqual(['accepted', 'ready', 'destroyed'])
  })

  it('that comes too late makes nothing', async () => {
    const harness = await started()
    const leaseId = harness.request({ waitMs: 0 })
    const failed = await harness.event(leaseId, 'failed')
    expect(failed.data).toMatchObject({ reason: 'no_capacity', retryable: false })
    expect(harness.driver.made).toHaveLength(0)
  })

  it('for a lease that is over already makes nothing', async () => {
    const harness = await started()
    const failed = await harness.event(harness.request({ leaseMs: 0 }), 'failed')
    expect(failed.data).toMatchObject({ reason: 'no_capacity', retryable: false })
  })

  it('that cannot be recorded is not taken, and comes again', async () => {
    const harness = await started()
    harness.leaseRecords.full = true
    const leaseId = harness.request()
    await harness.until(() => harness.bus.outcomes.length > 0)
    expect(harness.bus.outcomes).toEqual(['later'])
    expect(harness.driver.made).toHaveLength(0)
    harness.leaseRecords.full = false
    harness.bus.redeliver()
    await harness.event(leaseId, 'ready')
  })

  it('is recorded before anything is made', async () => {
    const harness = await started()
    let recorded: readonly number[] = []
    harness.driver.faults.create = () => {
      recorded = [harness.leaseRecords.texts.size, harness.builderRecords.texts.size]
    }
    await harness.event(harness.request(), 'ready')
    expect(recorded).toEqual([1, 1])
  })

  it('with a certificate request that is refused fails, and its builder goes', async () => {
    const harness = await started()
    const certificateRequest = '-----BEGIN CERTIFICATE REQUEST-----\nbad\n-----END CERTIFICATE REQUEST-----\n'
    const failed = await harness.event(harness.request({ certificateRequest }), 'failed')
    expect(failed.data).toMatchObject({ reason: 'certificate_request_invalid', retryable: false, detail: 'no' })
    expect(harness.driver.machine.size).toBe(0)
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
    const harness = await started()
    harness.bus.send(requests, text)
    harness.bus.send(consumers.builderReleases(testNodeId), text)
    await harness.until(() => harness.bus.outcomes.length === 2)
    expect(harness.bus.outcomes).toEqual(['never', 'never'])
    expect(harness.bus.stored).toEqual([])
  })
})

describe('a release', () => {
  it('that comes twice ends the lease once', async () => {
    const harness = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    harness.release(leaseId, 'canceled')
    harness.release(leaseId, 'finished')
    expect((await harness.event(leaseId, 'destroyed')).data.reason).toBe('canceled')
    harness.release(leaseId, 'finished')
    await harness.pass(3_000)
    expect(harness.kinds(leaseId)).toEqual(['accepted', 'ready', 'destroyed'])
  })

  it('that comes before its request makes the request make nothing', async () => {
    const harness = await started()
    const leaseId = someLeaseId()
    harness.release(leaseId)
    expect((await harness.event(leaseId, 'failed')).data).toMatchObject({ reason: 'builder_lost', retryable: false })
    harness.request({ leaseId })
    await harness.pass(3_000)
    expect(harness.driver.made).toHaveLength(0)
    expect(harness.kinds(leaseId)).toEqual(['failed'])
  })

  it('of a lease that waits ends it', async () => {
    const harness = await started({ capacity: 1 })
    await harness.event(harness.request(), 'ready')
    const leaseId = harness.request()
    await harness.event(leaseId, 'accepted')
    harness.release(leaseId, 'canceled')
    expect((await harness.event(leaseId, 'failed')).data).toMatchObject({ reason: 'no_capacity', retryable: false })
  })

  it('while the builder is being made stops the making and gives a receipt', async () => {
    const harness = await started()
    let stopped = false
    harness.driver.faults.create = (_spec, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          stopped = true
          reject(new Error('stopped'))
        }),
      )
    const leaseId = harness.request()
    await harness.until(() => harness.driver.made.length === 1)
    harness.release(leaseId, 'canceled')
    expect((await harness.event(leaseId, 'destroyed')).data).toMatchObject({ reason: 'canceled' })
    expect([stopped, harness.driver.machine.size]).toEqual([true, 0])
  })

  it('is not lost when the node dies before it acts', async () => {
    const harness = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    harness.driver.faults.destroy = () => new Promise(() => undefined)
    harness.release(leaseId, 'finished')
    await harness.until(() => harness.bus.outcomes.length === 2)
    harness.kill()
    harness.driver.faults = {}
    await harness.start()
    expect((await harness.event(leaseId, 'destroyed')).data.reason).toBe('finished')
  })
})

describe('a full node', () => {
  it('tells who waits the place, and the new one when it changes', async () => {
    const harness = await started({ capacity: 1 })
    const [first, second, third] = [harness.request(), harness.request(), harness.request()]
    await harness.event(first, 'ready')
    expect((await harness.event(second, 'accepted')).data.position).toBe(1)
    expect((await harness.event(third, 'accepted')).data.position).toBe(2)
    await harness.pass(6_000)
    harness.release(first)
    await harness.event(second, 'ready')
    const moved = await harness.until(() =>
      harness.events(third).find(event => event.type === 'forkproof.builder.accepted.v1' && event.data.position === 1),
    )
    expect(moved.data).toMatchObject({ estimateSeconds: 6 })
  })

  it('takes no more from the stream than may wait', async () => {
    const harness = await started({ capacity: 1, queueMax: 2 })
    await harness.event(harness.request(), 'ready')
    const leases = [harness.request(), harness.request(), harness.request()]
    await harness.pass(10_000)
    expect(leases.map(leaseId => harness.kinds(leaseId).length)).toEqual([1, 1, 0])
    await harness.pass(15_000)
    expect(harness.bus.outcomes.filter(outcome => outcome === 'later')).toHaveLength(1)
  })

  it('fails who has waited for too long', async () => {
    const harness = await started({ capacity: 1 })
    const holder = harness.request()
    await harness.event(holder, 'ready')
    const leaseId = harness.request({ waitMs: 30_000 })
    await harness.event(leaseId, 'accepted')
    await harness.pass(31_000)
    expect((await harness.event(leaseId, 'failed')).data).toMatchObject({ reason: 'no_capacity', retryable: false })
    expect(harness.kinds(holder)).toEqual(['accepted', 'ready'])
  })

  it('makes a warm builder go for a lease that needs another', async () => {
    const harness = await started({ capacity: 1, warm: 1 })
    await harness.until(() => harness.driver.machine.size === 1)
    const leaseId = harness.request({ egress: 'internet' })
    await harness.event(leaseId, 'ready')
    await letSettle()
    expect([...harness.driver.machine.values()].map(({ spec }) => spec.egress)).toEqual(['internet'])
  })
})
