import type { HeldRequests } from '../throttling/held-requests.ts'
import type { GatewayApp } from './app.ts'

/** What is being sent or received when the service stops gets this long. */
const drainMsMax = 3_000

/** Stops accepting, answers what is held at once, lets the rest finish, then cuts what is left. */
export async function stopServer(app: GatewayApp, held: HeldRequests): Promise<void> {
  held.releaseAll()
  const timer = setTimeout(() => app.server.closeAllConnections(), drainMsMax)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}
