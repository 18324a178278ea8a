import type { BuilderLossReason } from '@forkproof/contracts/builder'
import type { LeaseId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import type { Ending, LeaseRecord, LiveLease } from './state/lease-record.ts'
import { letSettle, NodeHarness } from './testing/node-harness.ts'

const hang = () => new Promise<never>(() => undefined)

async function readyLease() {
  const harness = new NodeHarness()
  const node = await harness.start()
  const leaseId = harness.request()
  const { builderId } = (await harness.event(leaseId, 'ready')).data
  await letSettle()
  return { harness, node, leaseId, builderId }
}

/** A lease whose builder is created and does not become ready. */
async function startingLease() {
  const harness = new NodeHarness()
  harness.checkReady = hang
  const node = await harness.start()
  const leaseId = harness.request()
  const { builderId } = await harness.until(() => harness.driver.made[0])
  await letSettle()
  return { harness, node, leaseId, builderId }
}

const lost = (lossReason: BuilderLossReason) => ({ reason: 'builder_lost', lossReason })
const destroyed = async (harness: NodeHarness, leaseId: LeaseId) => (await harness.event(leaseId, 'destroyed')).data
const failed = async (harness: NodeHarness, leaseId: LeaseId) => (await harness.event(leaseId, 'failed')).data

/** Changes what is on disk of a lease, as another release of the service would have written it. */
function rewrite(harness: NodeHarness, leaseId: LeaseId, change: (record: LiveLease) => LeaseRecord): void {
  const record: LiveLease = JSON.parse(harness.leaseRecords.texts.get(leaseId) ?? '')
  harness.leaseRecords.texts.set(leaseId, JSON.stringify(change(record)))
}

describe('a builder that is lost after its client was told', () => {
  it('ended by itself', async () => {
    const { harness, leaseId, builderId } = await readyLease()
    harness.driver.kill(builderId)
    expect(await destroyed(harness, leaseId)).toMatchObject(lost('ended_by_itself'))
  })

  it('ran out of memory', async () => {
    const { harness, leaseId, builderId } = await readyLease()
    harness.driver.kill(builderId, { lossReason: 'out_of_memory', detail: '' })
    expect(await destroyed(harness, leaseId)).toMatchObject(lost('out_of_memory'))
  })

  it('has vanished, which is an end by itself', async () => {
    const { harness, leaseId, builderId } = await readyLease()
    harness.driver.machine.delete(builderId)
    await harness.pass(32_000)
    expect(await destroyed(harness, leaseId)).toMatchObject(lost('ended_by_itself'))
  })

  it('is of the process before', async () => {
    const { harness, leaseId } = await readyLease()
    harness.kill()
    await harness.start()
    expect(await destroyed(harness, leaseId)).toMatchObject(lost('node_restarted'))
  })

  it('is of the process before, also when only its lease remembers it', async () => {
    const { harness, leaseId } = await readyLease()
    harness.kill()
    harness.builderRecords.texts.clear()
    await harness.start()
    expect(await destroyed(harness, leaseId)).toMatchObject(lost('node_restarted'))
  })

  it('is of a process before that gave no reasons', async () => {
    const { harness, leaseId } = await readyLease()
    harness.kill()
    const ending: Ending = { as: 'destroyed', reason: 'builder_lost' }
    rewrite(harness, leaseId, record => ({ ...record, phase: 'ending', ending }))
    await harness.start()
    expect(await destroyed(harness, leaseId)).toMatchObject(lost('node_restarted'))
  })

  it('is given up by a node that stops, which is a reason of its own', async () => {
    const { harness, node, leaseId } = await readyLease()
    void node.stop()
    await harness.pass(500, 50)
    const data = await destroyed(harness, leaseId)
    expect(data.reason).toBe('node_stopping')
    expect(data).not.toHaveProperty('lossReason')
  })
})

describe('a builder that is lost before it is ready', () => {
  it('ended by itself', async () => {
    const { harness, leaseId, builderId } = await startingLease()
    harness.driver.kill(builderId)
    expect(await failed(harness, leaseId)).toMatchObject({ ...lost('ended_by_itself'), retryable: true })
  })

  it('ran out of memory', async () => {
    const { harness, leaseId, builderId } = await startingLease()
    harness.driver.kill(builderId, { lossReason: 'out_of_memory', detail: '' })
    expect(await failed(harness, leaseId)).toMatchObject({ ...lost('out_of_memory'), retryable: true })
  })

  it('is given up by a node that stops', async () => {
    const { harness, node, leaseId } = await startingLease()
    void node.stop()
    await harness.pass(500, 50)
    expect(await failed(harness, leaseId)).toMatchObject({ ...lost('node_stopping'), retryable: true })
  })
})

describe('a lease without a builder that could be shown', () => {
  it('is unknown to the node', async () => {
    const harness = new NodeHarness()
    await harness.start()
    const { leaseId } = await readyLease()
    harness.release(leaseId)
    expect(await failed(harness, leaseId)).toMatchObject({ ...lost('unknown_to_node'), retryable: false })
  })

  it('has an end that was not confirmed', async () => {
    const { harness, leaseId } = await readyLease()
    harness.kill()
    const ending: Ending = { as: 'destroyed', reason: 'finished' }
    rewrite(harness, leaseId, ({ builderId: _, ...record }) => ({ ...record, phase: 'ending', ending }))
    await harness.start()
    expect(await failed(harness, leaseId)).toMatchObject({ ...lost('teardown_unconfirmed'), retryable: false })
  })

  it('that ended for another reason has no reason for a loss', async () => {
    const { harness, leaseId } = await readyLease()
    harness.release(leaseId)
    expect(await destroyed(harness, leaseId)).not.toHaveProperty('lossReason')
  })
})
