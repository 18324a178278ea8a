import type { connectTemporal } from '@forkproof/infra/temporal'
import {
  changeKeysWorkflow,
  changeKeysWorkflowId,
  type KeyChangeResult,
  type KeyOperation,
  keysTaskQueue,
} from '@forkproof/workflows/keys/api'

type KeyChangeClient = ReturnType<typeof connectTemporal>

/** Longer than a healthy signer takes, and short enough for a person at a terminal. */
const changeMsMax = 60_000

/**
 * Runs one operation through the workflow, so that it is recorded and no other runs at the same time.
 * @throws Error in words for a terminal
 */
export async function changeKeysByWorkflow(client: KeyChangeClient, operation: KeyOperation): Promise<KeyChangeResult> {
  const work = () =>
    client.workflow.execute<(operation: KeyOperation) => Promise<KeyChangeResult>>(changeKeysWorkflow, {
      taskQueue: keysTaskQueue,
      workflowId: changeKeysWorkflowId,
      workflowIdConflictPolicy: 'FAIL',
      workflowExecutionTimeout: changeMsMax,
      staticSummary: 'keyId' in operation ? `${operation.operation} ${operation.keyId}` : operation.operation,
      args: [operation],
    })
  try {
    // Without this, a call retries for a long time before it reports that the server is unreachable.
    await client.connection.ensureConnected()
    return await work()
  } catch (error) {
    throw new Error(explain(error), { cause: error })
  }
}

function explain(error: unknown): string {
  const name = error instanceof Error ? error.name : ''
  if (name === 'WorkflowExecutionAlreadyStartedError') return 'another change of keys is under way; try again'
  if (name === 'WorkflowFailedError') {
    return `not confirmed within ${changeMsMax / 1_000} s: is the signer running? See workflow ${changeKeysWorkflowId}`
  }
  return 'Temporal could not be reached; see FORKPROOF_TEMPORAL_ADDRESS'
}
