import type { GithubActivities } from '@forkproof/workflows/claims/ports'
import { keptAlive } from './kept-alive.ts'
import { type WatchForProofDeps, watchForProof } from './watch-for-proof.ts'

export function createGithubActivities(deps: WatchForProofDeps, shutdown: AbortSignal): GithubActivities {
  return {
    watchForProof: spec =>
      keptAlive({ what: 'watching', fields: { claimId: spec.claimId } }, { log: deps.log, shutdown }, signal =>
        watchForProof(spec, deps, signal),
      ),
  }
}
