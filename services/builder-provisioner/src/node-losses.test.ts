import type { BuilderLossReason } from '@forkproof/contracts/builder'
import type { LeaseId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import type { Ending, LeaseRecord, LiveLease } from './state/lease-record.ts'
import { letSettle, NodeHarness } from './testing/node-harness.ts'

const hang = () => new Promise<never>(() => undefined)

async function readyLease() {
  const world = new NodeHarness()
  const node = await world.start()
  const leaseId = world.request()
  const { builderId } = (await world.event(leaseId, 'ready')).data
  await letSettle()
  return { world, node, leaseId, builderId }
}

/** A lease whose builder is created and does not become ready. */
async function startingLease() {
  const world = new NodeHarness()
  world.checkReady = hang
  const node = await world.start()
  const leaseId = world.request()
  const { builderId } = await world.until(() => world.driver.made[0])
  await letSettle()
  return { world, node, leaseId, builderId }
}

const lost = (lossReason: BuilderLossReason) => ({ reason: 'builder_lost', lossReason })
const destroyed = async (world: NodeHarness, leaseId: LeaseId) => (await world.event(leaseId, 'destroyed')).data
const failed = async (world: NodeHarness, leaseId: LeaseId) => (await world.event(leaseId, 'failed')).data

/** Changes what is on disk of a lease, as another release of the service would have written it. */
function rewrite(world: NodeHarness, leaseId: LeaseId, change: (record: LiveLease) => LeaseRecord): void {
  const record: LiveLease = JSON.parse(world.leaseRecords.texts.get(leaseId) ?? '')
  world.leaseRecords.texts.set(leaseId, JSON.stringify(change(record)))
}

describe('a builder that is lost after its client was told', () => {
  it('ended by itself', async () => {
    const { world, leaseId, builderId } = await readyLease()
    world.driver.kill(builderId)
    expect(await destroyed(world, leaseId)).toMatchObject(lost('ended_by_itself'))
  })

  it('ran out of memory', async () => {
    const { world, leaseId, builderId } = await readyLease()
    world.driver.kill(builderId, { lossReason: 'out_of_memory', detail: '' })
    expect(await destroyed(world, leaseId)).toMatchObject(lost('out_of_memory'))
  })

  it('has vanished, which is an end by itself', async () => {
    const { world, leaseId, builderId } = await readyLease()
    world.driver.machine.delete(builderId)
    await world.pass(32_000)
    expect(await destroyed(world, leaseId)).toMatchObject(lost('ended_by_itself'))
  })

  it('is of the process before', async () => {
    const { world, leaseId } = await readyLease()
    world.kill()
    await world.start()
    expect(await destroyed(world, leaseId)).toMatchObject(lost('node_restarted'))
  })

  it('is of the process before, also when only its lease remembers it', async () => {
    const { world, leaseId } = await readyLease()
    world.kill()
    world.builderRecords.texts.clear()
    await world.start()
    expect(await destroyed(world, leaseId)).toMatchObject(lost('node_restarted'))
  })

  it('is of a process before that gave no reasons', async () => {
    const { world, leaseId } = await readyLease()
    world.kill()
    const ending: Ending = { as: 'destroyed', reason: 'builder_lost' }
    rewrite(world, leaseId, record => ({ ...record, phase: 'ending', ending }))
    await world.start()
    expect(await destroyed(world, leaseId)).toMatchObject(lost('node_restarted'))
  })

  it('is given up by a node that stops, which is a reason of its own', async () => {
    const { world, node, leaseId } = await readyLease()
    void node.stop()
    await world.pass(500, 50)
    const data = await destroyed(world, leaseId)
    expect(data.reason).toBe('node_stopping')
    expect(data).not.toHaveProperty('lossReason')
  })
})

describe('a builder that is lost before it is ready', () => {
  it('ended by itself', async () => {
    const { world, leaseId, builderId } = await startingLease()
    world.driver.kill(builderId)
    expect(await failed(world, leaseId)).toMatchObject({ ...lost('ended_by_itself'), retryable: true })
  })

  it('ran out of memory', async () => {
    const { world, leaseId, builderId } = await startingLease()
    world.driver.kill(builderId, { lossReason: 'out_of_memory', detail: '' })
    expect(await failed(world, leaseId)).toMatchObject({ ...lost('out_of_memory'), retryable: true })
  })

  it('is given up by a node that stops', async () => {
    const { world, node, leaseId } = await startingLease()
    void node.stop()
    await world.pass(500, 50)
    expect(await failed(world, leaseId)).toMatchObject({ ...lost('node_stopping'), retryable: true })
  })
})

describe('a lease without a builder that could be shown', () => {
  it('is unknown to the node', async () => {
    const world = new NodeHarness()
    await world.start()
    const { leaseId } = await readyLease()
    world.release(leaseId)
    expect(await failed(world, leaseId)).toMatchObject({ ...lost('unknown_to_node'), retryable: false })
  })

  it('has an end that was not confirmed', async () => {
    const { world, leaseId } = await readyLease()
    world.kill()
    const ending: Ending = { as: 'destroyed', reason: 'finished' }
    rewrite(world, leaseId, ({ builderId: _, ...record }) => ({ ...record, phase: 'ending', ending }))
    await world.start()
    expect(await failed(world, leaseId)).toMatchObject({ ...lost('teardown_unconfirmed'), retryable: false })
  })

  it('that ended for another reason has no reason for a loss', async () => {
    const { world, leaseId } = await readyLease()
    world.release(leaseId)
    expect(await destroyed(world, leaseId)).not.toHaveProperty('lossReason')
  })
})
