import { NodeAnnouncement } from '@forkproof/contracts/events'
import { buckets } from '@forkproof/contracts/subjects'
import { connectBus } from '@forkproof/infra/bus'
import { silentLogger } from '@forkproof/infra/log'
import type { LocalSystem } from '../running/local-system.ts'

const waitMsMax = 20_000
const pauseMs = 200

/**
 * What the nodes that run builders announce of themselves; waits a little for the first one.
 * It has the rights of the gateway, which reads them too.
 */
export async function announcedNodes(
  { addresses, busPasswords }: LocalSystem,
  signal: AbortSignal,
): Promise<readonly NodeAnnouncement[]> {
  const options = { servers: addresses.nats, user: 'gateway', password: busPasswords.gateway, log: silentLogger }
  const bus = await connectBus(options)
  try {
    const bucket = await bus.bucket(buckets.nodes)
    const deadline = Date.now() + waitMsMax
    for (;;) {
      const entries = await Promise.all((await bucket.keys()).map(key => bucket.get(key)))
      const nodes = entries.flatMap(entry => (entry ? [NodeAnnouncement.parse(JSON.parse(entry.value))] : []))
      if (nodes.length > 0 || Date.now() > deadline || signal.aborted) return nodes
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
  } finally {
    await bus.close()
  }
}
