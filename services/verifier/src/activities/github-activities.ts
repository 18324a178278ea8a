import type { GithubActivities } from '@forkproof/workflows/claims/ports'
import { keptAlive } from './kept-alive.ts'
import { type WatchTools, watchForProof } from './watch-for-proof.ts'

export function createGithubActivities(tools: WatchTools, shutdown: AbortSignal): GithubActivities {
  return {
    watchForProof: order =>
      keptAlive({ what: 'watching', fields: { claimId: order.claimId } }, { log: tools.log, shutdown }, signal =>
        watchForProof(order, tools, signal),
      ),
  }
}
