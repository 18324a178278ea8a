import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterFile } from './testing/after-file.ts'
import { type DriverWorld, describeDriver } from './testing/builders/conformance.ts'
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
