import type { ClaimId } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { connectTemporal } from '@forkproof/infra/temporal'
import { claimWorkflowId, type ProofSeen, proofSeenSignal } from '@forkproof/workflows/claims/api'

/** Tells the claim's workflow. `gone`: the workflow is over. Rejects when Temporal stays unreachable. */
export type SignalProof = (claimId: ClaimId, proof: ProofSeen, signal: AbortSignal) => Promise<'told' | 'gone'>

const callTimeoutMs = 3_000
const retryMs = [50, 100, 200, 400, 800, 1_600, 3_200]

export type SignalingClient = Pick<ReturnType<typeof connectTemporal>, 'workflow' | 'withDeadline'>

/** A repeat is harmless: the workflow keeps the first proof. */
export function createProofSignal(client: SignalingClient, clock: Clock): SignalProof {
  return async (claimId, proof, signal) => {
    const handle = client.workflow.getHandle(claimWorkflowId(claimId))
    for (let turn = 0; ; turn++) {
      try {
        await client.withDeadline(clock.now() + callTimeoutMs, () => handle.signal(proofSeenSignal, proof))
        return 'told'
      } catch (error) {
        if (error instanceof Error && error.name === 'WorkflowNotFoundError') return 'gone'
        const delayMs = retryMs[turn]
        if (delayMs === undefined) throw error
        await clock.sleep(delayMs, signal)
      }
    }
  }
}
