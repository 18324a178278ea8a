import type { BuildSpec } from '@forkproof/contracts/build'
import type { LeaseId } from '@forkproof/contracts/ids'
import * as workflow from '@temporalio/workflow'
import { requestOf } from '../commands.ts'
import { newLease } from '../lease.ts'
import { type CommandActivities, githubTaskQueue, type InspectActivities } from '../ports.ts'

/** Wrong on purpose: asks for a builder before anybody looked at the run. The replay test must notice, or it notices nothing. */
export async function build(order: BuildSpec): Promise<unknown> {
  const local = workflow.proxyLocalActivities<CommandActivities>({ startToCloseTimeout: 1_000 })
  const github = workflow.proxyActivities<InspectActivities>({ taskQueue: githubTaskQueue, startToCloseTimeout: 1_000 })
  const leaseId = workflow.uuid4() as LeaseId
  const lease = newLease({ leaseId, platform: 'linux/amd64', attempt: 1, expiresAtMs: order.expiresAtMs })
  await local.publishCommand(requestOf(order, lease, { platform: 'linux/amd64' }, Date.now()))
  return github.inspectRun(order.run)
}
