import { randomUUID } from 'node:crypto'
import { AppError } from '@forkproof/contracts/errors'
import { RunInspection } from '@forkproof/contracts/inspection'
import { buildTaskQueue } from '@forkproof/workflows/builds/api'
import { type InspectWorkflow, inspectWorkflow } from '@forkproof/workflows/inspect/api'
import type { Client } from '@temporalio/client'
import type { RunInspector } from './ports.ts'

/** An inspection is one or two requests to GitHub; after this time the caller is told to ask again. */
const inspectionMsMax = 15_000
const retryAfterSeconds = 5

/** Looks at runs through the workflow `inspect`: the gateway has no credential that can read them. */
export function temporalInspector(client: Client): RunInspector {
  return {
    inspect: async (question, signal) => {
      try {
        const bound = AbortSignal.any([signal, AbortSignal.timeout(inspectionMsMax)])
        const answer = await client.withAbortSignal(bound, () =>
          client.workflow.execute<InspectWorkflow>(inspectWorkflow, {
            taskQueue: buildTaskQueue,
            workflowId: `inspect-${randomUUID()}`,
            workflowExecutionTimeout: inspectionMsMax,
            args: [question],
            staticSummary: `${question.repository} run ${question.runId}`,
          }),
        )
        // The answer of a worker, which may be of another release, is checked.
        return RunInspection.parse(answer)
      } catch (cause) {
        throw new AppError('temporarily_unavailable', { cause, retryAfterSeconds })
      }
    },
  }
}
