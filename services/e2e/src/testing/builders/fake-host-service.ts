import { createServer } from 'node:net'
import { afterFile } from '../after-file.ts'

/** A service on the machine's own loopback, which no builder may reach: `address:port`. */
export async function openFakeHostService(): Promise<string> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  afterFile(() => server.close())
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
