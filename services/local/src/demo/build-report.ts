import type { BuildState } from '@forkproof/contracts/build'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { connectTemporal } from '@forkproof/infra/temporal'
import { type BuildWorkflow, buildSearchAttributes, buildWorkflow } from '@forkproof/workflows/builds/api'

const findMsMax = 30_000
const findPauseMs = 250

/**
 * What Temporal knows of the builds of a run, once they have ended: the operator's view.
 * None when none begins to show in time.
 */
export async function endedBuildsOf(runId: number, temporal: string, lifecycle: Lifecycle): Promise<BuildState[]> {
  const client = connectTemporal({ address: temporal, namespace: 'default' }, lifecycle)
  const query = `WorkflowType = '${buildWorkflow}' AND ${buildSearchAttributes.runId.name} = '${runId}'`
  const deadline = Date.now() + findMsMax
  const found: BuildState[] = []
  // Visibility follows the history with a little delay.
  while (found.length === 0 && Date.now() < deadline && !lifecycle.signal.aborted) {
    for await (const { workflowId } of client.workflow.list({ query })) {
      const handle = client.workflow.getHandle<BuildWorkflow>(workflowId)
      found.push(await client.withDeadline(deadline, () => handle.result()))
    }
    if (found.length === 0) await new Promise(resolve => setTimeout(resolve, findPauseMs))
  }
  return found
}
