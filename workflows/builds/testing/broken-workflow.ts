import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { LeaseId } from '@forkproof/contracts/ids'
import * as workflow from '@temporalio/workflow'
import { githubTaskQueue } from '../../task-queues.ts'
import { requestOf } from '../commands.ts'
import { newLease } from '../lease.ts'
import type { CommandActivities, InspectActivities } from '../ports.ts'

/**
 * Wrong on purpose: waits for the inspection of the run before it asks for a builder; the real workflow does both at
 * once. The first command is the real one, so only a replay that compares every command of a task fails.
 */
async function brokenBuild(spec: BuildSpec): Promise<unknown> {
  const github = workflow.proxyActivities<InspectActivities>({ taskQueue: githubTaskQueue, startToCloseTimeout: 1_000 })
  const local = workflow.proxyLocalActivities<CommandActivities>({ startToCloseTimeout: 1_000 })
  const inspection = await github.inspectRun(spec.run)
  const leaseId = workflow.uuid4() as LeaseId
  const lease = newLease({ leaseId, platform: 'linux/amd64', attempt: 1, expiresAtMs: spec.expiresAtMs })
  await local.publishCommand(requestOf(spec, lease, { platform: 'linux/amd64' }, Date.now()))
  return inspection
}

/** Under the name of the real one, by which histories find it. */
export { brokenBuild as build }
