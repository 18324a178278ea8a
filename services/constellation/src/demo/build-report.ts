import type { BuildState } from '@forkproof/contracts/build'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { connectTemporal } from '@forkproof/infra/temporal'
import { type BuildWorkflow, buildSearchAttributes, buildWorkflow } from '@forkproof/workflows/build/api'

const findMsMax = 30_000
const findPauseMs = 250

/** What Temporal knows of the one build of a run, once it has ended. The operator's view, read as an operator would. */
export async function endedBuildOf(
  runId: number,
  temporal: string,
  lifecycle: Lifecycle,
): Promise<BuildState | undefined> {
  const client = connectTemporal({ address: temporal, namespace: 'default' }, lifecycle)
  const query = `WorkflowType = '${buildWorkflow}' AND ${buildSearchAttributes.runId.name} = '${runId}'`
  const deadline = Date.now() + findMsMax
  // Visibility follows the history with a little delay.
  while (Date.now() < deadline && !lifecycle.signal.aborted) {
    for await (const { workflowId } of client.workflow.list({ query })) {
      return client.withDeadline(deadline, () => client.workflow.getHandle<BuildWorkflow>(workflowId).result())
    }
    await new Promise(resolve => setTimeout(resolve, findPauseMs))
  }
  return undefined
}
