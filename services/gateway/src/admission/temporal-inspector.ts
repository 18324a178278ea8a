import { randomUUID } from 'node:crypto'
import { AppError, refusalReasons } from '@forkproof/contracts/errors'
import { RunFacts } from '@forkproof/contracts/facts'
import { buildTaskQueue } from '@forkproof/workflows/builds/api'
import { type InspectWorkflow, inspectWorkflow, type RunInspection } from '@forkproof/workflows/inspect/api'
import type { Client } from '@temporalio/client'
import { z } from 'zod'
import type { RunInspector } from './ports.ts'

/** A look is one or two requests to GitHub; past this the asker is told to come again. */
const inspectionMsMax = 15_000
const retryAfterSeconds = 5

/** What a worker of another version answers is not taken on trust. */
const Inspection = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('running'),
    event: z.string(),
    headRef: z.string(),
    workflowPath: z.string(),
    repositoryId: z.string(),
    attempt: z.string(),
    facts: RunFacts.optional(),
  }),
  z.object({ outcome: z.literal('refused'), reason: z.enum(refusalReasons), detail: z.string().optional() }),
])

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
        return withoutGaps(Inspection.parse(answer))
      } catch (cause) {
        throw new AppError('temporarily_unavailable', { cause, retryAfterSeconds })
      }
    },
  }
}

/** Absent members are absent, not `undefined`. */
function withoutGaps(parsed: z.infer<typeof Inspection>): RunInspection {
  if (parsed.outcome === 'refused') {
    const { detail, ...refused } = parsed
    return detail === undefined ? refused : { ...refused, detail }
  }
  const { facts, ...running } = parsed
  return facts === undefined ? running : { ...running, facts }
}
