import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import * as workflow from '@temporalio/workflow'
import { githubTaskQueue, signingTaskQueue } from '../../task-queues.ts'
import type { GithubActivities, SigningActivities } from '../ports.ts'

/** Wrong on purpose: mints before it watches for the proof. The replay test must fail with it. */
async function brokenClaim(spec: ClaimSpec): Promise<unknown> {
  const signing = workflow.proxyActivities<SigningActivities>({
    taskQueue: signingTaskQueue,
    startToCloseTimeout: 1_000,
  })
  const github = workflow.proxyActivities<GithubActivities>({ taskQueue: githubTaskQueue, startToCloseTimeout: 1_000 })
  await signing.mintToken({ order: spec, attestation: '' })
  return github.watchForProof(spec)
}

/** Under the name of the real one, by which histories find it. */
export { brokenClaim as claim }
