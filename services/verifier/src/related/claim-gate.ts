import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import { type RunRefusal, refuse } from '../core/run-decision.ts'
import type { WatchReport } from '../observer/observer-registry.ts'
import type { RelatedList } from './related-list.ts'

export type WatchClaim = (spec: ClaimSpec, signal: AbortSignal) => Promise<WatchReport>

/**
 * Claims of unknown repositories that are watched at once. Each holds a place of the worker for its whole life; builds
 * and repositories that projects name must find places too.
 */
const unknownWatchesMax = 400

interface ClaimGateDeps {
  readonly related: Pick<RelatedList, 'has' | 'hasId' | 'isRead'>
  /** `relationships` serves only repositories that a project names. */
  readonly serve: 'all' | 'relationships'
  readonly watch: WatchClaim
}

/** What is refused before a request to GitHub. The gateway refuses the same earlier; a stolen one would not. */
export function createClaimGate({ related, serve, watch }: ClaimGateDeps): WatchClaim {
  let unknown = 0
  return async (spec, signal) => {
    if (related.has(spec.repository)) return servedById(await watch(spec, signal))
    if (serve === 'relationships') {
      if (related.isRead) return turnedAway(refuse('repository_not_served'))
      return turnedAway(refuse('github_unavailable', 'the projects could not be read yet'))
    }
    if (unknown >= unknownWatchesMax) {
      return turnedAway(refuse('github_unavailable', 'too many claims of repositories that no project names'))
    }
    unknown += 1
    try {
      return await watch(spec, signal)
    } finally {
      unknown -= 1
    }
  }

  /** A name may have passed to another repository since it was read. */
  function servedById(report: WatchReport): WatchReport {
    const { result } = report
    if (serve === 'all' || result.kind !== 'verified' || related.hasId(result.run.facts.repository.id)) return report
    return { ...report, result: refuse('repository_not_served') }
  }
}

const turnedAway = (result: RunRefusal): WatchReport => ({ result, counted: 0, shownAtMs: undefined })
