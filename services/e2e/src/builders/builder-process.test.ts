import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeDriver } from '../testing/builders/conformance.ts'
import { type DriverWorld, someSpec } from '../testing/builders/driver-world.ts'
import { openHostService } from '../testing/builders/host-service.ts'
import { openProcessWorld } from '../testing/builders/process-world.ts'

describeDriver('process', async (): Promise<DriverWorld> => {
  const { stateFolder, openDriver, inventory } = await openProcessWorld()
  return { openDriver, inventory, cacheFolder: join(stateFolder, 'cache'), standIns: [await openHostService()] }
})

it('names what is missing instead of making a weaker builder', async () => {
  const { openDriver } = await openProcessWorld({
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
