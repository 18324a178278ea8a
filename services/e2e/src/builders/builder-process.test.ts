import { join } from 'node:path'
import { processDriver } from '@forkproof/builder-provisioner/drivers/process/process-driver'
import { describeDriver } from '@forkproof/builder-provisioner/drivers/testing/driver-conformance'
import { someBuilderSpec } from '@forkproof/builder-provisioner/drivers/testing/driver-harness'
import { expect, it } from 'vitest'
import { buildKitHarness } from '../testing/builders/buildkit-harness.ts'
import { openFakeHostService } from '../testing/builders/fake-host-service.ts'
import { openProcessDriverHarness } from '../testing/builders/process-driver-harness.ts'

describeDriver({ name: 'process', runsBuildKit: processDriver.runsBuildKit, leavesOut: 0 }, async () => {
  const { stateFolder, openDriver, inventory } = await openProcessDriverHarness()
  const unreachable = [await openFakeHostService()]
  return { inventory, ...buildKitHarness(openDriver, { cacheFolder: join(stateFolder, 'cache'), unreachable }) }
})

it('tells a builder that is gone from the next one that has its users', async () => {
  const users = { first: 1_944_584_192, count: 1 }
  const { openDriver } = await openProcessDriverHarness({ users })
  const driver = openDriver()
  const signal = () => AbortSignal.timeout(30_000)
  const [first, next] = [someBuilderSpec(), someBuilderSpec()]
  await driver.create(first, signal())
  await driver.destroy(first.builderId, signal())
  const running = await driver.create(next, signal())
  const before = await driver.inventory(next.builderId, signal())
  expect(await driver.inventory(first.builderId, signal())).toEqual([])
  await driver.destroy(first.builderId, signal())
  expect(await driver.inventory(next.builderId, signal())).toEqual(before)
  await driver.destroy(next.builderId, signal())
  expect((await running.ended).lossReason).toBe('ended_by_itself')
})

it('names what is missing instead of making a weaker builder', async () => {
  const { openDriver } = await openProcessDriverHarness({
    programs: { buildkitd: '/nowhere/buildkitd', runc: '/nowhere/runc' },
    users: { first: 4_294_000_000, count: 1_000 },
  })
  const missing = await openDriver().missing(
    { egress: 'internet', builderClass: 'ephemeral' },
    AbortSignal.timeout(10_000),
  )
  expect(missing.map(({ what }) => what)).toEqual([
    'the program /nowhere/buildkitd',
    'the program /nowhere/runc',
    'user ids for builders',
    'a way out for builders',
  ])
  await expect(
    openDriver().create(someBuilderSpec({ egress: 'internet' }), AbortSignal.timeout(10_000)),
  ).rejects.toThrow('way out')
})
