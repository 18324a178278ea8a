import { NodeAnnouncement } from '@forkproof/contracts/events'
import { buckets, subjects } from '@forkproof/contracts/subjects'
import { describe, expect, it } from 'vitest'
import { MemoryDriver } from './drivers/memory/memory-driver.ts'
import { buildIdOfLease, letSettle, NodeHarness, testProjectId } from './testing/node-harness.ts'

async function withLease(settings: Parameters<NodeHarness['start']>[0] = {}) {
  const world = new NodeHarness()
  const node = await world.start(settings)
  const leaseId = world.request()
  const { builderId } = (await world.event(leaseId, 'ready')).data
  return { world, node, leaseId, builderId }
}

describe('a client', () => {
  it('that never comes loses its builder', async () => {
    const { world, leaseId } = await withLease()
    await world.pass(119_000, 1_000)
    expect(world.kinds(leaseId)).not.toContain('destroyed')
    await world.pass(3_000)
    expect((await world.event(leaseId, 'destroyed')).data).toMatchObject({ reason: 'client_gone' })
    expect(world.driver.machine.size).toBe(0)
  })

  it('that says it lives keeps its builder, however silent its connection', async () => {
    const { world, leaseId } = await withLease()
    for (let turn = 0; turn < 6; turn += 1) {
      await world.pass(60_000, 10_000)
      world.bus.publish(subjects.alive(buildIdOfLease(leaseId)))
    }
    expect(world.kinds(leaseId)).toEqual(['accepted', 'ready'])
  })

  it('of another build keeps nobody’s builder', async () => {
    const { world, leaseId } = await withLease()
    await world.pass(100_000, 10_000)
    world.bus.publish('alive.x')
    world.bus.publish(subjects.alive(buildIdOfLease('other' as never)))
    await world.pass(22_000, 1_000)
    expect((await world.event(leaseId, 'destroyed')).data.reason).toBe('client_gone')
  })

  it('that is connected keeps its builder until it has been away for long enough', async () => {
    const { world, leaseId } = await withLease()
    world.proxy.setConnections(leaseId, 1)
    await world.pass(600_000, 10_000)
    expect(world.kinds(leaseId)).not.toContain('destroyed')
    world.proxy.setConnections(leaseId, 0)
    await world.pass(115_000, 5_000)
    expect(world.kinds(leaseId)).not.toContain('destroyed')
    await world.pass(10_000)
    expect((await world.event(leaseId, 'destroyed')).data.reason).toBe('client_gone')
  })

  it('is cut off when its time is up, though it is connected', async () => {
    const { world, leaseId } = await withLease()
    world.proxy.setConnections(leaseId, 1)
    await world.pass(20 * 60_000 + 2_000, 30_000)
    expect((await world.event(leaseId, 'destroyed')).data.reason).toBe('time_up')
    expect(world.proxy.isAllowed(leaseId)).toBe(false)
  })

  it('is not taken for gone because the bus was', async () => {
    const { world, leaseId } = await withLease()
    world.bus.up = false
    await world.pass(300_000, 10_000)
    world.bus.up = true
    await world.pass(60_000, 10_000)
    expect(world.kinds(leaseId)).not.toContain('destroyed')
  })
})

describe('a builder', () => {
  it('that dies takes its lease with it', async () => {
    const { world, leaseId, builderId } = await withLease()
    world.driver.kill(builderId)
    const { receipt, reason } = (await world.event(leaseId, 'destroyed')).data
    expect([reason, receipt.leftovers, receipt.during]).toEqual(['builder_lost', [], { process: 1, mount: 1, file: 1 }])
  })

  it('that vanishes without a word is missed by the sweep', async () => {
    const { world, leaseId, builderId } = await withLease()
    world.driver.machine.delete(builderId)
    await world.pass(32_000, 1_000)
    expect((await world.event(leaseId, 'destroyed')).data.reason).toBe('builder_lost')
  })

  it('serves one lease and no second', async () => {
    const { world, leaseId, builderId } = await withLease({ capacity: 1 })
    const next = world.request()
    world.release(leaseId)
    expect((await world.event(next, 'ready')).data.builderId).not.toBe(builderId)
  })
})

describe('a project’s builder', () => {
  async function shared(projectLingerMs = 0) {
    const world = new NodeHarness()
    await world.start({ projectLingerMs })
    const leases = [world.request({ builderClass: 'project' }), world.request({ builderClass: 'project' })] as const
    const ready = await Promise.all(leases.map(leaseId => world.event(leaseId, 'ready')))
    return { world, leases, ready: ready.map(event => event.data) }
  }

  it('serves leases at once, each under a name and with certificates of its own', async () => {
    const { ready, world } = await shared()
    expect(ready[0]?.builderId).toBe(ready[1]?.builderId)
    expect(ready[0]?.connection.serverName).not.toBe(ready[1]?.connection.serverName)
    expect(ready[0]?.connection.caCertificate).not.toBe(ready[1]?.connection.caCertificate)
    expect(world.driver.made).toMatchObject([{ kind: { class: 'project', projectId: testProjectId('a') } }])
  })

  it('goes on for the others when one ends, which gets a receipt of its own', async () => {
    const { world, leases, ready } = await shared()
    const [one, other] = leases
    world.release(one)
    const { receipt } = (await world.event(one, 'destroyed')).data
    expect(receipt).toMatchObject({ during: { permission: 1 }, leftovers: [] })
    expect([world.proxy.isAllowed(one), world.proxy.isAllowed(other)]).toEqual([false, true])
    expect(world.driver.machine.size).toBe(1)
    world.release(other)
    expect((await world.event(other, 'destroyed')).data.receipt).toMatchObject({
      builderId: ready[0]?.builderId,
      during: { process: 1, mount: 1 },
    })
    expect(world.driver.machine.size).toBe(0)
  })

  it('may linger for the next build', async () => {
    const { world, leases, ready } = await shared(60_000)
    for (const leaseId of leases) world.release(leaseId)
    for (const leaseId of leases) await world.event(leaseId, 'destroyed')
    await world.pass(30_000, 1_000)
    const next = world.request({ builderClass: 'project' })
    const again = (await world.event(next, 'ready')).data
    expect([again.builderId, again.timings.warm]).toEqual([ready[0]?.builderId, true])
    world.release(next)
    await world.event(next, 'destroyed')
    await world.pass(62_000, 1_000)
    expect(world.driver.machine.size).toBe(0)
  })

  it('is never another project’s', async () => {
    const { world, ready } = await shared()
    const stranger = world.request({ builderClass: 'project', projectId: testProjectId('b') })
    expect((await world.event(stranger, 'ready')).data.builderId).not.toBe(ready[0]?.builderId)
  })
})

describe('a node that is stopped', () => {
  it('destroys every builder, warm ones too, and says so', async () => {
    const { world, node, leaseId } = await withLease({ capacity: 2, warm: 1 })
    await world.until(() => world.driver.machine.size === 2)
    const waiting = world.request({ egress: 'internet', builderClass: 'project' })
    world.driver.faults.create = () => new Promise(() => undefined)
    await world.event(waiting, 'accepted')
    world.driver.faults = {}
    const stopped = node.stop()
    let over = false
    void stopped.then(() => {
      over = true
    })
    while (!over) await world.pass(50, 50)
    expect((await world.event(leaseId, 'destroyed')).data.reason).toBe('node_stopping')
    expect([world.driver.machine.size, world.bus.consuming.length]).toEqual([0, 0])
    expect(world.kinds(waiting).at(-1)).toMatch(/failed|destroyed/)
  })

  it('stops in time though a builder cannot be removed', async () => {
    const { world, node } = await withLease()
    world.driver.faults.leaves = ['file stubborn']
    const began = world.clock.now()
    let over = false
    void node.stop().then(() => {
      over = true
    })
    while (!over) await world.pass(500, 500)
    expect(world.clock.now() - began).toBeLessThan(20_000)
  })

  it('takes no command any more', async () => {
    const { world, node } = await withLease()
    void node.stop()
    await world.pass(200, 50)
    const late = world.request()
    await world.pass(5_000)
    expect(world.kinds(late)).toEqual([])
  })
})

describe('the announcement', () => {
  const announced = (world: NodeHarness) =>
    world.until(() => {
      const text = world.bus.buckets.get(buckets.nodes)?.writes.at(-1)
      return text === undefined ? undefined : NodeAnnouncement.parse(JSON.parse(text))
    })

  it('says what the node can do and how busy it is, and is renewed', async () => {
    const { world } = await withLease({ warm: 1 })
    await world.pass(3_000)
    expect(await announced(world)).toMatchObject({
      nodeId: 'node-1',
      platforms: [{ platform: 'linux/amd64', emulated: false }],
      egress: ['none', 'internet'],
      capacity: 4,
      running: 2,
      warm: 1,
      missing: [],
    })
    const writes = world.bus.buckets.get(buckets.nodes)?.writes.length ?? 0
    await world.pass(30_000, 1_000)
    expect(world.bus.buckets.get(buckets.nodes)?.writes.length).toBe(writes + 3)
  })

  it('offers no egress that the machine cannot filter', async () => {
    const world = new NodeHarness()
    world.driver.faults.missing = [{ egress: 'internet', part: { what: 'nft', howToGet: 'apt-get install nftables' } }]
    await world.start()
    await world.pass(2_000)
    expect(await announced(world)).toMatchObject({ egress: ['none'] })
    const failed = await world.event(world.request({ egress: 'internet' }), 'failed')
    expect(failed.data).toMatchObject({
      reason: 'egress_unavailable',
      retryable: false,
      detail: 'nft: apt-get install nftables',
    })
    expect((await world.event(world.request(), 'ready')).data.emulated).toBe(false)
  })

  it('offers no platform and takes no request while no builder can be isolated', async () => {
    const world = new NodeHarness()
    const part = { what: 'root', howToGet: 'run it as root' }
    world.driver.faults.missing = [
      { egress: 'none', part },
      { egress: 'internet', part },
    ]
    await world.start({ warm: 1 })
    const leaseId = world.request()
    await world.pass(2_000)
    expect(await announced(world)).toMatchObject({ platforms: [], egress: [], missing: ['root: run it as root'] })
    expect([world.kinds(leaseId), world.driver.made]).toEqual([[], []])
    world.driver.faults = {}
    await world.pass(31_000, 1_000)
    await letSettle()
    await world.event(leaseId, 'ready')
  })

  const arm64 = 'linux/arm64'
  const emulating = (world: NodeHarness) => {
    world.driver.served = [...new MemoryDriver().served, { platform: arm64, emulated: true }]
  }

  it('offers what is emulated from when it is until it is no more, and takes requests for it meanwhile', async () => {
    const world = new NodeHarness()
    await world.start({ warm: 1 })
    const early = world.request({ platform: arm64 })
    await world.pass(31_000, 1_000)
    expect([world.kinds(early), (await announced(world)).platforms.length]).toEqual([[], 1])
    emulating(world)
    await world.pass(31_000, 1_000)
    expect((await announced(world)).platforms).toEqual(world.driver.served)
    expect((await world.event(early, 'ready')).data).toMatchObject({ platform: arm64, emulated: true })
    expect((await announced(world)).warm).toBe(1)
    world.driver.served = new MemoryDriver().served
    await world.pass(31_000, 1_000)
    expect((await announced(world)).platforms).toEqual(world.driver.served)
    const late = world.request({ platform: arm64 })
    await world.pass(5_000)
    expect(world.kinds(late)).toEqual([])
  })

  it('offers nothing emulated whose programs it cannot try', async () => {
    const world = new NodeHarness()
    world.checksEmulated = false
    emulating(world)
    await world.start()
    const leaseId = world.request({ platform: arm64 })
    await world.pass(5_000)
    expect((await announced(world)).platforms).toEqual([{ platform: 'linux/amd64', emulated: false }])
    expect(world.kinds(leaseId)).toEqual([])
  })
})
