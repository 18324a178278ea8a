import type { RefusalReason } from '@forkproof/contracts/errors'
import type { RunQuestion } from '@forkproof/contracts/inspection'
import { orAborted } from '@forkproof/infra/abortable'
import type { Clock } from '@forkproof/infra/clock'
import type { RunDecision } from '../core/run-decision.ts'
import { GithubFault } from '../github/fault.ts'
import type { RunSources } from '../observer/run-sources.ts'
import { decide } from './inspect-run.ts'
import { inspectionLimits } from './limits.ts'

export interface WatchRunDeps {
  readonly clock: Clock
  readonly random: () => number
  /** Pause between two polls of one build. Builds of the same run share polls. */
  readonly everyMs: number
}

interface RunOver {
  readonly reason: RefusalReason
  readonly detail?: string
}

/**
 * Resolves when the run is over, its attempt is no longer the latest, or the public cannot read it any more.
 * While GitHub cannot be read it goes on: the build has a time limit of its own. Rejects only with the signal's reason.
 */
export async function watchUntilOver(
  question: RunQuestion,
  sources: RunSources,
  { clock, random, everyMs }: WatchRunDeps,
  signal: AbortSignal,
): Promise<RunOver> {
  let missing = 0
  // The run was confirmed just now, and a poll is a request even where its answer is free. So the pause comes first.
  for (let pauseMs = pause(); ; pauseMs = missing > 0 ? inspectionLimits.missingRetryMs : pause()) {
    await clock.sleep(pauseMs, signal)
    // The second poll of a missing run must be a new reading, not another build's first one.
    const sinceMs = clock.now() - (missing > 0 ? 0 : everyMs / 2)
    try {
      const answer = await orAborted(sources.run.since(Math.max(sinceMs, 0)), signal)
      const decision = decide(answer, question)
      missing = answer.kind === 'missing' ? missing + 1 : 0
      if (decision.kind === 'refused' || missing >= 2) return overBy(decision)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof GithubFault)) throw error
      await clock.sleep(Math.max((error.retryAtMs ?? 0) - clock.now(), 0), signal)
    }
  }

  function pause(): number {
    return everyMs * sources.slowdown * (1 + (random() * 2 - 1) * inspectionLimits.jitterShare)
  }
}

const overBy = (decision: RunDecision): RunOver => {
  if (decision.kind === 'fine') return { reason: 'run_not_found' }
  const { reason, detail } = decision
  return { reason, ...(detail !== undefined && { detail }) }
}
