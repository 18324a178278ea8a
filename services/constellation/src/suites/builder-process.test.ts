import { createServer } from 'node:net'
import { join } from 'node:path'
import { ProcessDriver } from '@forkproof/builder-provisioner/drivers/process/process-driver'
import { inject } from 'vitest'
import { afterFile } from './testing/after-file.ts'
import { type DriverWorld, describeDriver } from './testing/builders/conformance.ts'
import { machineInventory } from './testing/builders/machine-inventory.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const mebibyte = 1024 * 1024

/** A service on the machine's own loopback, which no builder may reach. */
async function openHostService(): Promise<string> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  afterFile(() => server.close())
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describeDriver('process', async (): Promise<DriverWorld> => {
  const stateFolder = await temporaryFolder()
  const { buildkitd, runc } = inject('programs')
  const cgroup = `forkproof-test-${process.pid}`
  const options = {
    stateFolder,
    programs: { buildkitd, runc },
    cgroup,
    users: { first: 1_879_048_192, count: 1_024 },
    projectDiskBytes: 256 * mebibyte,
  }
  return {
    openDriver: () => new ProcessDriver(options),
    inventory: () =>
      machineInventory({
        words: [stateFolder, cgroup],
        folders: [stateFolder],
        ignored: /\/(builders|cache|skeleton-[0-9a-f]+.*)$/,
      }),
    cacheFolder: join(stateFolder, 'cache'),
    standIns: [await openHostService()],
  }
})
