import type { MintRequest } from '@forkproof/contracts/claim-spec'
import type { MintOutcome, SigningActivities } from '@forkproof/workflows/claims/ports'
import { signingTaskQueue } from '@forkproof/workflows/task-queues'
import { proxyActivities } from '@temporalio/workflow'

/** What an attacker with access to Temporal would run: asks the signer at once, without any verifier. */
export async function mintDirectly(request: MintRequest): Promise<MintOutcome> {
  const { mintToken } = proxyActivities<SigningActivities>({
    taskQueue: signingTaskQueue,
    startToCloseTimeout: 10_000,
    scheduleToCloseTimeout: 40_000,
  })
  return mintToken(request)
}
