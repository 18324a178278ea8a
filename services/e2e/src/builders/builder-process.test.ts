import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeDriver } from '../testing/builders/conformance.ts'
import { type DriverHarness, someSpec } from '../testing/builders/driver-harness.ts'
import { openHostService } from '../testing/builders/host-service.ts'
import { openProcessDriverHarness } from '../testing/builders/process-driver-harness.ts'

describeDriver('process', async (): Promise<DriverHarness> => {
  const { stateFolder, openDriver, inventory } = await openProcessDriverHarness()
  return { openDriver, inventory, cacheFolder: join(stateFolder, 'cache'), standIns: [await openHostService()] }
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
  await expect(openDriver().create(someSpec({ egress: 'internet' }), AbortSignal.timeout(10_000))).rejects.toThrow(
    'way out',
  )
})
