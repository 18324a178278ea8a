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
