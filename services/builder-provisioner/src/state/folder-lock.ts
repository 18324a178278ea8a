import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'

/**
 * One process per state folder: two would destroy each other's builders.
 * The lock is an abstract unix socket, because the kernel frees it when the process dies, however it dies.
 * @throws when another process has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const digest = createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
  const server = createServer(socket => socket.destroy())
  await listenAt(server, `\0forkproof-provisioner-${digest.slice(0, 32)}`)
  return () => new Promise(resolve => server.close(() => resolve()))
}

function listenAt(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', cause => reject(new Error('another provisioner uses this state folder', { cause })))
    server.listen({ path }, () => resolve())
    server.unref()
  })
}
