import { AppError } from '@forkproof/contracts/errors'
import type { BuilderId, LeaseId } from '@forkproof/contracts/ids'
import { describe, expect, it } from 'vitest'
import { letSettle, NodeHarness } from './testing/node-harness.ts'

const hang = () => new Promise<void>(() => undefined)
/** A driver that hears when it is told to stop. */
const hangUntilStopped = (_: unknown, signal: AbortSignal) =>
  new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

async function started(settings: Parameters<NodeHarness['start']>[0] = {}) {
  const harness = new NodeHarness()
  const node = await harness.start(settings)
  return { harness, node }
}

describe('a driver', () => {
  it('that cannot make a builder fails the lease, which may be tried again', async () => {
    const { harness } = await started()
    harness.driver.faults.create = () => Promise.reject(new Error('secret cause'))
    const { data } = await harness.event(harness.request(), 'failed')
    expect(data).toMatchObject({ reason: 'builder_not_ready', retryable: true })
    expect(JSON.stringify(harness.bus.stored)).not.toContain('secret cause')
  })

  it('that says what is missing fails the lease for good', async () => {
    const { harness } = await started()
    harness.driver.faults.create = () => Promise.reject(new AppError('isolation_missing', { detail: 'needs root' }))
    const { data } = await harness.event(harness.request(), 'failed')
    expect(data).toMatchObject({ reason: 'isolation_missing', retryable: false, detail: 'needs root' })
  })

  it.each([
    ['that hears', hangUntilStopped],
    ['that does not', hang],
  ])('that is too slow is given up, one %s when it is told to stop', async (_name, create) => {
    const { harness } = await started()
    harness.driver.faults.create = create
    const leaseId = harness.request()
    await harness.event(leaseId, 'accepted')
    await harness.pass(45_000, 1_000)
    expect((await harness.event(leaseId, 'failed')).data).toMatchObject({
      reason: 'builder_not_ready',
      retryable: true,
    })
    expect(harness.driver.machine.size).toBe(0)
  })

  it('whose builder does not pass its checks in time gives it up', async () => {
    const { harness } = await started()
    harness.checkReady = hang as never
    const leaseId = harness.request()
    await harness.pass(65_000, 1_000)
    expect((await harness.event(leaseId, 'failed')).data.reason).toBe('builder_not_ready')
    expect(harness.driver.machine.size).toBe(0)
  })

  it('whose builder dies while it is checked lets the lease be tried again', async () => {
    const { harness } = await started()
    harness.checkReady = hang as never
    const leaseId = harness.request()
    await letSettle()
    const { builderId } = await harness.until(() => harness.driver.made[0])
    harness.driver.kill(builderId)
    expect((await harness.event(leaseId, 'failed')).data).toMatchObject({ reason: 'builder_lost', retryable: true })
  })

  it('that leaves something behind is asked again until nothing is left, and only then the receipt goes out', async () => {
    const { harness } = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    harness.driver.faults.leaves = ['mount /x']
    harness.release(leaseId)
    await harness.pass(5_000, 500)
    expect(harness.kinds(leaseId)).not.toContain('destroyed')
    harness.driver.faults = {}
    await harness.pass(5_000, 500)
    const { receipt } = (await harness.event(leaseId, 'destroyed')).data
    expect(receipt.leftovers).toEqual([])
    expect(receipt.teardownMs).toBeGreaterThan(4_000)
  })

  it('that never gets it away has it said in the receipt after 20 s, and goes on', async () => {
    const { harness } = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    harness.driver.faults.leaves = ['mount /x', 'cgroup y']
    harness.release(leaseId)
    await harness.pass(24_000, 1_000)
    expect((await harness.event(leaseId, 'destroyed')).data.receipt.leftovers).toEqual(['mount /x', 'cgroup y'])
    expect(harness.driver.machine.size).toBe(1)
    harness.driver.faults = {}
    await harness.pass(35_000, 1_000)
    expect(harness.driver.machine.size).toBe(0)
    expect(harness.kinds(leaseId).filter(kind => kind === 'destroyed')).toHaveLength(1)
  })

  it('that hangs while it removes is asked again', async () => {
    const { harness } = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    harness.driver.faults.destroy = hang
    harness.release(leaseId)
    await harness.pass(11_000, 1_000)
    harness.driver.faults = {}
    await harness.pass(3_000, 500)
    expect((await harness.event(leaseId, 'destroyed')).data.receipt.leftovers).toEqual([])
  })

  it('that fails all warm builders is not asked without pause', async () => {
    const { harness } = await started({ warm: 1 })
    harness.driver.faults.create = () => Promise.reject(new Error('no'))
    await harness.pass(60_000, 500)
    expect(harness.driver.made.length).toBeLessThan(10)
    harness.driver.faults = {}
    await harness.pass(61_000, 1_000)
    expect(harness.driver.machine.size).toBe(1)
  })

  it('whose warm builders die young is not asked without pause', async () => {
    const { harness } = await started({ warm: 1 })
    for (let second = 0; second < 60; second += 1) {
      await harness.pass(1_000, 500)
      for (const builderId of harness.driver.machine.keys()) harness.driver.kill(builderId)
    }
    expect(harness.driver.made.length).toBeLessThan(10)
  })

  it('that cannot list is asked again, and nothing is taken for gone', async () => {
    const { harness } = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    harness.driver.faults.list = () => Promise.reject(new Error('no'))
    await harness.pass(70_000, 5_000)
    expect(harness.kinds(leaseId)).toEqual(['accepted', 'ready'])
  })
})

describe('while the bus is down', () => {
  it('what is to be said waits, and is said once and in order when it is back', async () => {
    const { harness } = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'accepted')
    harness.bus.up = false
    await harness.event(leaseId, 'accepted')
    harness.release(leaseId)
    await harness.pass(10_000, 500)
    expect(harness.driver.machine.size).toBe(0)
    harness.bus.up = true
    await harness.pass(3_000, 500)
    const kinds = harness.kinds(leaseId)
    expect([kinds[0], kinds.at(-1)]).toEqual(['accepted', 'destroyed'])
    expect(new Set(kinds).size).toBe(kinds.length)
  })

  it('nothing is said that is not recorded', async () => {
    const { harness } = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    harness.leaseRecords.full = true
    harness.driver.kill(harness.driver.made[0]?.builderId as BuilderId)
    await harness.pass(3_000, 500)
    expect(harness.kinds(leaseId)).not.toContain('destroyed')
    harness.leaseRecords.full = false
    await harness.pass(3_000, 500)
    await harness.event(leaseId, 'destroyed')
  })

  it('a node that dies says what it had to say when it comes back', async () => {
    const { harness } = await started()
    const leaseId = harness.request()
    await harness.event(leaseId, 'ready')
    harness.bus.up = false
    harness.driver.kill(harness.driver.made[0]?.builderId as BuilderId)
    await harness.pass(3_000, 500)
    harness.kill()
    harness.bus.up = true
    await harness.start()
    await harness.pass(2_000, 500)
    expect(harness.kinds(leaseId)).toEqual(['accepted', 'ready', 'destroyed'])
  })
})

describe('a node that was killed', () => {
  /** Kills the node when `at` says so, starts another over the same folder, and lets things settle. */
  async function restartedAt(at: (harness: NodeHarness, leaseId: LeaseId) => Promise<unknown>) {
    const { harness } = await started()
    const leaseId = harness.request()
    await at(harness, leaseId)
    harness.kill()
    harness.driver.faults = {}
    harness.checkReady = async () => ({ startMs: 1, canaryMs: 1 })
    const before = [...harness.driver.machine.keys()]
    await harness.start()
    await harness.pass(5_000, 500)
    return { harness, leaseId, before }
  }

  it('before a builder was begun begins it', async () => {
    const { harness, leaseId } = await restartedAt(async harness => {
      harness.driver.faults.create = hang
      await harness.until(() => harness.bus.outcomes.length === 1)
    })
    expect((await harness.event(leaseId, 'ready')).data.timings.warm).toBe(false)
    expect(harness.driver.machine.size).toBe(1)
  })

  it('while a builder was being made removes that and makes another', async () => {
    const { harness, leaseId, before } = await restartedAt(async harness => {
      harness.checkReady = hang as never
      await harness.until(() => harness.driver.machine.size === 1)
    })
    const { builderId } = (await harness.event(leaseId, 'ready')).data
    expect(before).not.toContain(builderId)
    expect([...harness.driver.machine.keys()]).toEqual([builderId])
  })

  it('with a lease that was ready ends it with a receipt, for its keys are lost', async () => {
    const { harness, leaseId, before } = await restartedAt((harness, leaseId) => harness.event(leaseId, 'ready'))
    const { reason, receipt } = (await harness.event(leaseId, 'destroyed')).data
    expect([reason, receipt.builderId, receipt.leftovers]).toEqual(['builder_lost', before[0], []])
    expect(receipt.during).toEqual({ process: 1, mount: 1 })
    expect(harness.driver.machine.size).toBe(0)
  })

  it('while a builder was being removed goes on and answers as it was asked', async () => {
    const { harness, leaseId } = await restartedAt(async (harness, leaseId) => {
      await harness.event(leaseId, 'ready')
      harness.driver.faults.destroy = hang
      harness.release(leaseId, 'finished')
      await harness.pass(1_000)
    })
    expect((await harness.event(leaseId, 'destroyed')).data).toMatchObject({ reason: 'finished' })
    expect(harness.driver.machine.size).toBe(0)
  })

  it('after the end says it once', async () => {
    const { harness, leaseId } = await restartedAt(async (harness, leaseId) => {
      await harness.event(leaseId, 'ready')
      harness.release(leaseId)
      await harness.event(leaseId, 'destroyed')
    })
    expect(harness.kinds(leaseId)).toEqual(['accepted', 'ready', 'destroyed'])
    harness.request({ leaseId })
    await harness.pass(2_000)
    expect(harness.driver.made).toHaveLength(1)
  })

  it('and lost the record of a builder still removes it and answers its lease', async () => {
    const { harness, leaseId } = await restartedAt(async (harness, leaseId) => {
      await harness.event(leaseId, 'ready')
      await letSettle()
      harness.builderRecords.texts.clear()
    })
    expect((await harness.event(leaseId, 'destroyed')).data).toMatchObject({ reason: 'builder_lost' })
    expect(harness.driver.machine.size).toBe(0)
  })

  it('and lost its whole folder removes what the driver finds', async () => {
    const { harness, leaseId } = await restartedAt(async (harness, leaseId) => {
      await harness.event(leaseId, 'ready')
      await letSettle()
      harness.builderRecords.texts.clear()
      harness.leaseRecords.texts.clear()
    })
    expect(harness.driver.machine.size).toBe(0)
    harness.release(leaseId)
    expect((await harness.event(leaseId, 'failed')).data).toMatchObject({ reason: 'builder_lost', retryable: false })
  })

  it('with a warm pool removes it and fills it anew', async () => {
    const { harness } = await started({ warm: 1 })
    const old = await harness.until(() => harness.driver.made[0])
    await letSettle()
    harness.kill()
    await harness.start({ warm: 1 })
    await harness.pass(5_000, 500)
    const standing = [...harness.driver.machine.keys()]
    expect(standing).toHaveLength(1)
    expect(standing).not.toContain(old.builderId)
  })
})
