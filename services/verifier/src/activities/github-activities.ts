import type { GithubActivities } from '@forkproof/workflows/claims/ports'
import { keptAlive } from './kept-alive.ts'
import { type WatchForProofDeps, watchForProof } from './watch-for-proof.ts'

export function createGithubActivities(deps: WatchForProofDeps, shutdown: AbortSignal): GithubActivities {
  return {
    watchForProof: order =>
      keptAlive({ what: 'watching', fields: { claimId: order.claimId } }, { log: deps.log, shutdown }, signal =>
        watchForProof(order, deps, signal),
      ),
  }
}
