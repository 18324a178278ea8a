import type { RunInspection, RunQuestion } from '@forkproof/contracts/inspection'
import * as workflow from '@temporalio/workflow'
import { githubTaskQueue } from '../task-queues.ts'
import type { InspectActivities } from './ports.ts'

/** A caller waits for the answer, so it comes within this time whatever happens. */
const inspectMsMax = 20_000

/** One look. A verifier that does not answer is a refusal, not a failure. */
export async function inspect(question: RunQuestion): Promise<RunInspection> {
  const { inspectRun } = workflow.proxyActivities<InspectActivities>({
    taskQueue: githubTaskQueue,
    scheduleToCloseTimeout: inspectMsMax,
    heartbeatTimeout: 5_000,
    retry: { initialInterval: 250, backoffCoefficient: 2, maximumInterval: 5_000 },
    summary: `look at ${question.repository} run ${question.runId}`,
  })
  try {
    return await inspectRun(question)
  } catch (error) {
    if (workflow.isCancellation(error)) throw error
    return { outcome: 'refused', reason: 'github_unavailable', detail: 'no verifier answered in time' }
  }
}
