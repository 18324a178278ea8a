import { AppError } from '@forkproof/contracts/errors'
import type { BuilderId, LeaseId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { letSettle, NodeHarness } from './testing/node-harness.ts'

const hang = () => new Promise<void>(() => undefined)
/** A driver that hears when it is told to stop. */
const hangUntilStopped = (_: unknown, signal: AbortSignal) =>
  new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

async function started(settings: Parameters<NodeHarness['start']>[0] = {}) {
  const world = new NodeHarness()
  const node = await world.start(settings)
  return { world, node }
}

describe('a driver', () => {
  it('that cannot make a builder fails the lease, which may be tried again', async () => {
    const { world } = await started()
    world.driver.faults.create = () => Promise.reject(new Error('secret cause'))
    const { data } = await world.event(world.request(), 'failed')
    expect(data).toMatchObject({ reason: 'builder_not_ready', retryable: true })
    expect(JSON.stringify(world.bus.stored)).not.toContain('secret cause')
  })

  it('that says what is missing fails the lease for good', async () => {
    const { world } = await started()
    world.driver.faults.create = () => Promise.reject(new AppError('isolation_missing', { detail: 'needs root' }))
    const { data } = await world.event(world.request(), 'failed')
    expect(data).toMatchObject({ reason: 'isolation_missing', retryable: false, detail: 'needs root' })
  })

  it.each([
    ['that hears', hangUntilStopped],
    ['that does not', hang],
  ])('that is too slow is given up, one %s when it is told to stop', async (_name, create) => {
    const { world } = await started()
    world.driver.faults.create = create
    const leaseId = world.request()
    await world.event(leaseId, 'accepted')
    await world.pass(45_000, 1_000)
    expect((await world.event(leaseId, 'failed')).data).toMatchObject({ reason: 'builder_not_ready', retryable: true })
    expect(world.driver.machine.size).toBe(0)
  })

  it('whose builder does not pass its checks in time gives it up', async () => {
    const { world } = await started()
    world.checkReady = hang as never
    const leaseId = world.request()
    await world.pass(65_000, 1_000)
    expect((await world.event(leaseId, 'failed')).data.reason).toBe('builder_not_ready')
    expect(world.driver.machine.size).toBe(0)
  })

  it('whose builder dies while it is checked lets the lease be tried again', async () => {
    const { world } = await started()
    world.checkReady = hang as never
    const leaseId = world.request()
    await letSettle()
    const { builderId } = await world.until(() => world.driver.made[0])
    world.driver.kill(builderId)
    expect((await world.event(leaseId, 'failed')).data).toMatchObject({ reason: 'builder_lost', retryable: true })
  })

  it('that leaves something behind is asked again until nothing is left, and only then the receipt goes out', async () => {
    const { world } = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    world.driver.faults.leaves = ['mount /x']
    world.release(leaseId)
    await world.pass(5_000, 500)
    expect(world.kinds(leaseId)).not.toContain('destroyed')
    world.driver.faults = {}
    await world.pass(5_000, 500)
    const { receipt } = (await world.event(leaseId, 'destroyed')).data
    expect(receipt.leftovers).toEqual([])
    expect(receipt.teardownMs).toBeGreaterThan(4_000)
  })

  it('that never gets it away has it said in the receipt after 20 s, and goes on', async () => {
    const { world } = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    world.driver.faults.leaves = ['mount /x', 'cgroup y']
    world.release(leaseId)
    await world.pass(24_000, 1_000)
    expect((await world.event(leaseId, 'destroyed')).data.receipt.leftovers).toEqual(['mount /x', 'cgroup y'])
    expect(world.driver.machine.size).toBe(1)
    world.driver.faults = {}
    await world.pass(35_000, 1_000)
    expect(world.driver.machine.size).toBe(0)
    expect(world.kinds(leaseId).filter(kind => kind === 'destroyed')).toHaveLength(1)
  })

  it('that hangs while it removes is asked again', async () => {
    const { world } = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    world.driver.faults.destroy = hang
    world.release(leaseId)
    await world.pass(11_000, 1_000)
    world.driver.faults = {}
    await world.pass(3_000, 500)
    expect((await world.event(leaseId, 'destroyed')).data.receipt.leftovers).toEqual([])
  })

  it('that fails all warm builders is not asked without pause', async () => {
    const { world } = await started({ warm: 1 })
    world.driver.faults.create = () => Promise.reject(new Error('no'))
    await world.pass(60_000, 500)
    expect(world.driver.made.length).toBeLessThan(10)
    world.driver.faults = {}
    await world.pass(61_000, 1_000)
    expect(world.driver.machine.size).toBe(1)
  })

  it('whose warm builders die young is not asked without pause', async () => {
    const { world } = await started({ warm: 1 })
    for (let second = 0; second < 60; second += 1) {
      await world.pass(1_000, 500)
      for (const builderId of world.driver.machine.keys()) world.driver.kill(builderId)
    }
    expect(world.driver.made.length).toBeLessThan(10)
  })

  it('that cannot list is asked again, and nothing is taken for gone', async () => {
    const { world } = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    world.driver.faults.list = () => Promise.reject(new Error('no'))
    await world.pass(70_000, 5_000)
    expect(world.kinds(leaseId)).toEqual(['accepted', 'ready'])
  })
})

describe('while the bus is down', () => {
  it('what is to be said waits, and is said once and in order when it is back', async () => {
    const { world } = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'accepted')
    world.bus.up = false
    await world.event(leaseId, 'accepted')
    world.release(leaseId)
    await world.pass(10_000, 500)
    expect(world.driver.machine.size).toBe(0)
    world.bus.up = true
    await world.pass(3_000, 500)
    const kinds = world.kinds(leaseId)
    expect([kinds[0], kinds.at(-1)]).toEqual(['accepted', 'destroyed'])
    expect(new Set(kinds).size).toBe(kinds.length)
  })

  it('nothing is said that is not recorded', async () => {
    const { world } = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    world.leaseRecords.full = true
    world.driver.kill(world.driver.made[0]?.builderId as BuilderId)
    await world.pass(3_000, 500)
    expect(world.kinds(leaseId)).not.toContain('destroyed')
    world.leaseRecords.full = false
    await world.pass(3_000, 500)
    await world.event(leaseId, 'destroyed')
  })

  it('a node that dies says what it had to say when it comes back', async () => {
    const { world } = await started()
    const leaseId = world.request()
    await world.event(leaseId, 'ready')
    world.bus.up = false
    world.driver.kill(world.driver.made[0]?.builderId as BuilderId)
    await world.pass(3_000, 500)
    world.kill()
    world.bus.up = true
    await world.start()
    await world.pass(2_000, 500)
    expect(world.kinds(leaseId)).toEqual(['accepted', 'ready', 'destroyed'])
  })
})

describe('a node that was killed', () => {
  /** Kills the node when `at` says so, starts another over the same folder, and lets things settle. */
  async function restartedAt(at: (world: NodeHarness, leaseId: LeaseId) => Promise<unknown>) {
    const { world } = await started()
    const leaseId = world.request()
    await at(world, leaseId)
    world.kill()
    world.driver.faults = {}
    world.checkReady = async () => ({ startMs: 1, canaryMs: 1 })
    const before = [...world.driver.machine.keys()]
    await world.start()
    await world.pass(5_000, 500)
    return { world, leaseId, before }
  }

  it('before a builder was begun begins it', async () => {
    const { world, leaseId } = await restartedAt(async world => {
      world.driver.faults.create = hang
      await world.until(() => world.bus.outcomes.length === 1)
    })
    expect((await world.event(leaseId, 'ready')).data.timings.warm).toBe(false)
    expect(world.driver.machine.size).toBe(1)
  })

  it('while a builder was being made removes that and makes another', async () => {
    const { world, leaseId, before } = await restartedAt(async world => {
      world.checkReady = hang as never
      await world.until(() => world.driver.machine.size === 1)
    })
    const { builderId } = (await world.event(leaseId, 'ready')).data
    expect(before).not.toContain(builderId)
    expect([...world.driver.machine.keys()]).toEqual([builderId])
  })

  it('with a lease that was ready ends it with a receipt, for its keys are lost', async () => {
    const { world, leaseId, before } = await restartedAt((world, leaseId) => world.event(leaseId, 'ready'))
    const { reason, receipt } = (await world.event(leaseId, 'destroyed')).data
    expect([reason, receipt.builderId, receipt.leftovers]).toEqual(['builder_lost', before[0], []])
    expect(receipt.during).toEqual({ process: 1, mount: 1 })
    expect(world.driver.machine.size).toBe(0)
  })

  it('while a builder was being removed goes on and answers as it was asked', async () => {
    const { world, leaseId } = await restartedAt(async (world, leaseId) => {
      await world.event(leaseId, 'ready')
      world.driver.faults.destroy = hang
      world.release(leaseId, 'finished')
      await world.pass(1_000)
    })
    expect((await world.event(leaseId, 'destroyed')).data).toMatchObject({ reason: 'finished' })
    expect(world.driver.machine.size).toBe(0)
  })

  it('after the end says it once', async () => {
    const { world, leaseId } = await restartedAt(async (world, leaseId) => {
      await world.event(leaseId, 'ready')
      world.release(leaseId)
      await world.event(leaseId, 'destroyed')
    })
    expect(world.kinds(leaseId)).toEqual(['accepted', 'ready', 'destroyed'])
    world.request({ leaseId })
    await world.pass(2_000)
    expect(world.driver.made).toHaveLength(1)
  })

  it('and lost the record of a builder still removes it and answers its lease', async () => {
    const { world, leaseId } = await restartedAt(async (world, leaseId) => {
      await world.event(leaseId, 'ready')
      await letSettle()
      world.builderRecords.texts.clear()
    })
    expect((await world.event(leaseId, 'destroyed')).data).toMatchObject({ reason: 'builder_lost' })
    expect(world.driver.machine.size).toBe(0)
  })

  it('and lost its whole folder removes what the driver finds', async () => {
    const { world, leaseId } = await restartedAt(async (world, leaseId) => {
      await world.event(leaseId, 'ready')
      await letSettle()
      world.builderRecords.texts.clear()
      world.leaseRecords.texts.clear()
    })
    expect(world.driver.machine.size).toBe(0)
    world.release(leaseId)
    expect((await world.event(leaseId, 'failed')).data).toMatchObject({ reason: 'builder_lost', retryable: false })
  })

  it('with a warm pool removes it and fills it anew', async () => {
    const { world } = await started({ warm: 1 })
    const old = await world.until(() => world.driver.made[0])
    await letSettle()
    world.kill()
    await world.start({ warm: 1 })
    await world.pass(5_000, 500)
    const standing = [...world.driver.machine.keys()]
    expect(standing).toHaveLength(1)
    expect(standing).not.toContain(old.builderId)
  })
})
