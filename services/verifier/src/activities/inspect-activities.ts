import type { RunQuestion } from '@forkproof/contracts/inspection'
import type { Logger } from '@forkproof/infra/log'
import type { InspectActivities } from '@forkproof/workflows/inspect/ports'
import { type InspectRunDeps, inspectRun } from '../inspection/inspect-run.ts'
import type { SharedRuns } from '../inspection/shared-runs.ts'
import { type WatchRunDeps, watchUntilOver } from '../inspection/watch-run.ts'
import { keptAlive } from './kept-alive.ts'

interface InspectActivityDeps extends InspectRunDeps, WatchRunDeps {
  readonly runs: SharedRuns
  readonly log: Logger
}

export function createInspectActivities(deps: InspectActivityDeps, shutdown: AbortSignal): InspectActivities {
  const { runs, log } = deps
  const kept = <T>(what: string, question: RunQuestion, work: (signal: AbortSignal) => Promise<T>) =>
    keptAlive({ what, fields: fieldsOf(question) }, { log, shutdown }, work)
  return {
    inspectRun: question =>
      kept('inspecting a run', question, async signal => {
        const inspection = await runs.use(question, sources => inspectRun(question, sources, deps, signal))
        if (inspection.outcome === 'refused') {
          const { reason, detail } = inspection
          log.info({ ...fieldsOf(question), reason, problem: detail }, 'run refused')
        }
        return inspection
      }),
    watchRun: question =>
      kept('watching a run', question, async signal => {
        const over = await runs.use(question, sources => watchUntilOver(question, sources, deps, signal))
        log.info({ ...fieldsOf(question), reason: over.reason, problem: over.detail }, 'run over')
        return over
      }),
  }
}

const fieldsOf = ({ repository, runId, attempt }: RunQuestion) => ({ repository, runId, attempt })
