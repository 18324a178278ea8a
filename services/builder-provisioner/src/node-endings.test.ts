import { NodeAnnouncement } from '@forkproof/contracts/events'
import { buckets, subjects } from '@forkproof/contracts/subjects'
import { describe, expect, it } from 'vitest'
import { MemoryDriver } from './drivers/memory/memory-driver.ts'
import { buildIdOfLease, letSettle, NodeHarness, testProjectId } from './testing/node-harness.ts'

async function withLease(settings: Parameters<NodeHarness['start']>[0] = {}) {
  const harness = new NodeHarness()
  const node = await harness.start(settings)
  const leaseId = harness.request()
  const { builderId } = (await harness.event(leaseId, 'ready')).data
  return { harness, node, leaseId, builderId }
}

describe('a client', () => {
  it('that never comes loses its builder', async () => {
    const { harness, leaseId } = await withLease()
    await harness.pass(119_000, 1_000)
    expect(harness.kinds(leaseId)).not.toContain('destroyed')
    await harness.pass(3_000)
    expect((await harness.event(leaseId, 'destroyed')).data).toMatchObject({ reason: 'client_gone' })
    expect(harness.driver.machine.size).toBe(0)
  })

  it('that says it lives keeps its builder, however silent its connection', async () => {
    const { harness, leaseId } = await withLease()
    for (let turn = 0; turn < 6; turn += 1) {
      await harness.pass(60_000, 10_000)
      harness.bus.publish(subjects.alive(buildIdOfLease(leaseId)))
    }
    expect(harness.kinds(leaseId)).toEqual(['accepted', 'ready'])
  })

  it('of another build keeps nobody’s builder', async () => {
    const { harness, leaseId } = await withLease()
    await harness.pass(100_000, 10_000)
    harness.bus.publish('alive.x')
    harness.bus.publish(subjects.alive(buildIdOfLease('other' as never)))
    await harness.pass(22_000, 1_000)
    expect((await harness.event(leaseId, 'destroyed')).data.reason).toBe('client_gone')
  })

  it('that is connected keeps its builder until it has been away for long enough', async () => {
    const { harness, leaseId } = await withLease()
    harness.proxy.setConnections(leaseId, 1)
    await harness.pass(600_000, 10_000)
    expect(harness.kinds(leaseId)).not.toContain('destroyed')
    harness.proxy.setConnections(leaseId, 0)
    await harness.pass(115_000, 5_000)
    expect(harness.kinds(leaseId)).not.toContain('destroyed')
    await harness.pass(10_000)
    expect((await harness.event(leaseId, 'destroyed')).data.reason).toBe('client_gone')
  })

  it('is cut off when its time is up, though it is connected', async () => {
    const { harness, leaseId } = await withLease()
    harness.proxy.setConnections(leaseId, 1)
    await harness.pass(20 * 60_000 + 2_000, 30_000)
    expect((await harness.event(leaseId, 'destroyed')).data.reason).toBe('time_up')
    expect(harness.proxy.isAllowed(leaseId)).toBe(false)
  })

  it('is not taken for gone because the bus was', async () => {
    const { harness, leaseId } = await withLease()
    harness.bus.up = false
    await harness.pass(300_000, 10_000)
    harness.bus.up = true
    await harness.pass(60_000, 10_000)
    expect(harness.kinds(leaseId)).not.toContain('destroyed')
  })
})

describe('a builder', () => {
  it('that dies takes its lease with it', async () => {
    const { harness, leaseId, builderId } = await withLease()
    harness.driver.kill(builderId)
    const { receipt, reason } = (await harness.event(leaseId, 'destroyed')).data
    expect([reason, receipt.leftovers, receipt.during]).toEqual(['builder_lost', [], { process: 1, mount: 1, file: 1 }])
  })

  it('that vanishes without a word is missed by the sweep', async () => {
    const { harness, leaseId, builderId } = await withLease()
    harness.driver.machine.delete(builderId)
    await harness.pass(32_000, 1_000)
    expect((await harness.event(leaseId, 'destroyed')).data.reason).toBe('builder_lost')
  })

  it('serves one lease and no second', async () => {
    const { harness, leaseId, builderId } = await withLease({ capacity: 1 })
    const next = harness.request()
    harness.release(leaseId)
    expect((await harness.event(next, 'ready')).data.builderId).not.toBe(builderId)
  })
})

describe('a project’s builder', () => {
  async function shared(projectLingerMs = 0) {
    const harness = new NodeHarness()
    await harness.start({ projectLingerMs })
    const leases = [harness.request({ builderClass: 'project' }), harness.request({ builderClass: 'project' })] as const
    const ready = await Promise.all(leases.map(leaseId => harness.event(leaseId, 'ready')))
    return { harness, leases, ready: ready.map(event => event.data) }
  }

  it('serves leases at once, each under a name and with certificates of its own', async () => {
    const { ready, harness } = await shared()
    expect(ready[0]?.builderId).toBe(ready[1]?.builderId)
    expect(ready[0]?.connection.serverName).not.toBe(ready[1]?.connection.serverName)
    expect(ready[0]?.connection.caCertificate).not.toBe(ready[1]?.connection.caCertificate)
    expect(harness.driver.made).toMatchObject([{ kind: { class: 'project', projectId: testProjectId('a') } }])
  })

  it('goes on for the others when one ends, which gets a receipt of its own', async () => {
    const { harness, leases, ready } = await shared()
    const [one, other] = leases
    harness.release(one)
    const { receipt } = (await harness.event(one, 'destroyed')).data
    expect(receipt).toMatchObject({ during: { permission: 1 }, leftovers: [] })
    expect([harness.proxy.isAllowed(one), harness.proxy.isAllowed(other)]).toEqual([false, true])
    expect(harness.driver.machine.size).toBe(1)
    harness.release(other)
    expect((await harness.event(other, 'destroyed')).data.receipt).toMatchObject({
      builderId: ready[0]?.builderId,
      during: { process: 1, mount: 1 },
    })
    expect(harness.driver.machine.size).toBe(0)
  })

  it('may linger for the next build', async () => {
    const { harness, leases, ready } = await shared(60_000)
    for (const leaseId of leases) harness.release(leaseId)
    for (const leaseId of leases) await harness.event(leaseId, 'destroyed')
    await harness.pass(30_000, 1_000)
    const next = harness.request({ builderClass: 'project' })
    const again = (await harness.event(next, 'ready')).data
    expect([again.builderId, again.timings.warm]).toEqual([ready[0]?.builderId, true])
    harness.release(next)
    await harness.event(next, 'destroyed')
    await harness.pass(62_000, 1_000)
    expect(harness.driver.machine.size).toBe(0)
  })

  it('is never another project’s', async () => {
    const { harness, ready } = await shared()
    const stranger = harness.request({ builderClass: 'project', projectId: testProjectId('b') })
    expect((await harness.event(stranger, 'ready')).data.builderId).not.toBe(ready[0]?.builderId)
  })
})

describe('a node that is stopped', () => {
  it('destroys every builder, warm ones too, and says so', async () => {
    const { harness, node, leaseId } = await withLease({ capacity: 2, warm: 1 })
    await harness.until(() => harness.driver.machine.size === 2)
    const waiting = harness.request({ egress: 'internet', builderClass: 'project' })
    harness.driver.faults.create = () => new Promise(() => undefined)
    await harness.event(waiting, 'accepted')
    harness.driver.faults = {}
    const stopped = node.stop()
    let over = false
    void stopped.then(() => {
      over = true
    })
    while (!over) await harness.pass(50, 50)
    expect((await harness.event(leaseId, 'destroyed')).data.reason).toBe('node_stopping')
    expect([harness.driver.machine.size, harness.bus.consuming.length]).toEqual([0, 0])
    expect(harness.kinds(waiting).at(-1)).toMatch(/failed|destroyed/)
  })

  it('stops in time though a builder cannot be removed', async () => {
    const { harness, node } = await withLease()
    harness.driver.faults.leaves = ['file stubborn']
    const began = harness.clock.now()
    let over = false
    void node.stop().then(() => {
      over = true
    })
    while (!over) await harness.pass(500, 500)
    expect(harness.clock.now() - began).toBeLessThan(20_000)
  })

  it('takes no command any more', async () => {
    const { harness, node } = await withLease()
    void node.stop()
    await harness.pass(200, 50)
    const late = harness.request()
    await harness.pass(5_000)
    expect(harness.kinds(late)).toEqual([])
  })
})

describe('the announcement', () => {
  const announced = (harness: NodeHarness) =>
    harness.until(() => {
      const text = harness.bus.buckets.get(buckets.nodes)?.writes.at(-1)
      return text === undefined ? undefined : NodeAnnouncement.parse(JSON.parse(text))
    })

  it('says what the node can do and how busy it is, and is renewed', async () => {
    const { harness } = await withLease({ warm: 1 })
    await harness.pass(3_000)
    expect(await announced(harness)).toMatchObject({
      nodeId: 'node-1',
      platforms: [{ platform: 'linux/amd64', emulated: false }],
      egress: ['none', 'internet'],
      capacity: 4,
      running: 2,
      warm: 1,
      missing: [],
    })
    const writes = harness.bus.buckets.get(buckets.nodes)?.writes.length ?? 0
    await harness.pass(30_000, 1_000)
    expect(harness.bus.buckets.get(buckets.nodes)?.writes.length).toBe(writes + 3)
  })

  it('offers no egress that the machine cannot filter', async () => {
    const harness = new NodeHarness()
    harness.driver.faults.missing = [
      { egress: 'internet', part: { what: 'nft', howToGet: 'apt-get install nftables' } },
    ]
    await harness.start()
    await harness.pass(2_000)
    expect(await announced(harness)).toMatchObject({ egress: ['none'] })
    const failed = await harness.event(harness.request({ egress: 'internet' }), 'failed')
    expect(failed.data).toMatchObject({
      reason: 'egress_unavailable',
      retryable: false,
      detail: 'nft: apt-get install nftables',
    })
    expect((await harness.event(harness.request(), 'ready')).data.emulated).toBe(false)
  })

  it('offers no platform and takes no request while no builder can be isolated', async () => {
    const harness = new NodeHarness()
    const part = { what: 'root', howToGet: 'run it as root' }
    harness.driver.faults.missing = [
      { egress: 'none', part },
      { egress: 'internet', part },
    ]
    await harness.start({ warm: 1 })
    const leaseId = harness.request()
    await harness.pass(2_000)
    expect(await announced(harness)).toMatchObject({ platforms: [], egress: [], missing: ['root: run it as root'] })
    expect([harness.kinds(leaseId), harness.driver.made]).toEqual([[], []])
    harness.driver.faults = {}
    await harness.pass(31_000, 1_000)
    await letSettle()
    await harness.event(leaseId, 'ready')
  })

  const arm64 = 'linux/arm64'
  const emulating = (harness: NodeHarness) => {
    harness.driver.served = [...new MemoryDriver().served, { platform: arm64, emulated: true }]
  }

  it('offers what is emulated from when it is until it is no more, and takes requests for it meanwhile', async () => {
    const harness = new NodeHarness()
    await harness.start({ warm: 1 })
    const early = harness.request({ platform: arm64 })
    await harness.pass(31_000, 1_000)
    expect([harness.kinds(early), (await announced(harness)).platforms.length]).toEqual([[], 1])
    emulating(harness)
    await harness.pass(31_000, 1_000)
    expect((await announced(harness)).platforms).toEqual(harness.driver.served)
    expect((await harness.event(early, 'ready')).data).toMatchObject({ platform: arm64, emulated: true })
    expect((await announced(harness)).warm).toBe(1)
    harness.driver.served = new MemoryDriver().served
    await harness.pass(31_000, 1_000)
    expect((await announced(harness)).platforms).toEqual(harness.driver.served)
    const late = harness.request({ platform: arm64 })
    await harness.pass(5_000)
    expect(harness.kinds(late)).toEqual([])
  })

  it('offers nothing emulated whose programs it cannot try', async () => {
    const harness = new NodeHarness()
    harness.checksEmulated = false
    emulating(harness)
    await harness.start()
    const leaseId = harness.request({ platform: arm64 })
    await harness.pass(5_000)
    expect((await announced(harness)).platforms).toEqual([{ platform: 'linux/amd64', emulated: false }])
    expect(harness.kinds(leaseId)).toEqual([])
  })
})
