import { createServer } from 'node:net'
import { join } from 'node:path'
import type { BuilderSpec } from '@forkproof/builder-provisioner/drivers/driver'
import { expect, it } from 'vitest'
import { afterFile } from './testing/after-file.ts'
import { describeDriver } from './testing/builders/conformance.ts'
import { type DriverWorld, someBuilderId } from './testing/builders/driver-world.ts'
import { openProcessWorld } from './testing/builders/process-world.ts'

/** A service on the machine's own loopback, which no builder may reach. */
async function openHostService(): Promise<string> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  afterFile(() => server.close())
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describeDriver('process', async (): Promise<DriverWorld> => {
  const { stateFolder, openDriver, inventory } = await openProcessWorld()
  return { openDriver, inventory, cacheFolder: join(stateFolder, 'cache'), standIns: [await openHostService()] }
})

it('names what is missing instead of making a weaker builder', async () => {
  const { openDriver } = await openProcessWorld({
    programs: { buildkitd: '/nowhere/buildkitd', runc: '/nowhere/runc' },
    users: { first: 4_294_000_000, count: 1_000 },
  })
  const abroad: BuilderSpec = {
    builderId: someBuilderId(),
    platform: 'linux/amd64',
    egress: 'internet',
    kind: { class: 'ephemeral' },
    limits: { cpus: 1, memoryBytes: 1, pids: 1, diskBytes: 1 },
    endsAtMs: Date.now() + 60_000,
  }
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
  await expect(openDriver().create(abroad, AbortSignal.timeout(10_000))).rejects.toThrow('way out')
})
