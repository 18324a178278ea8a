import { expect, it } from 'vitest'
import { describeDriver } from '../testing/driver-conformance.ts'
import { someBuilderSpec } from '../testing/driver-harness.ts'
import { MemoryDriver, memoryDriver } from './memory-driver.ts'

describeDriver({ name: 'memory', runsBuildKit: memoryDriver.runsBuildKit, leavesOut: 16 }, async () => {
  const driver = new MemoryDriver()
  return {
    openDriver: () => new MemoryDriver({ machine: driver.machine }),
    inventory: async () => [...driver.machine.keys()],
    serves: async ({ id }) => driver.machine.has(id),
    kill: async id => driver.kill(id),
    exhaustMemory: async id => driver.kill(id, { lossReason: 'out_of_memory', detail: 'no memory is left' }),
  }
})

it('leaves behind what a test tells it to, until the fault is over', async () => {
  const driver = new MemoryDriver()
  const { builderId } = someBuilderSpec()
  const signal = AbortSignal.timeout(10_000)
  await driver.create(someBuilderSpec({ builderId }), signal)
  driver.faults.leaves = ['mount /x']
  await expect(driver.destroy(builderId, signal)).rejects.toThrow('left: mount /x')
  expect(await driver.inventory(builderId)).toEqual(['mount /x'])
  driver.faults = {}
  await driver.destroy(builderId, signal)
  expect(await driver.inventory(builderId)).toEqual([])
})
