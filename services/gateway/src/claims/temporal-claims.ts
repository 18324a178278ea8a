import { type ClaimSpec, ClaimVerdict } from '@forkproof/contracts/claim-spec'
import { AppError } from '@forkproof/contracts/errors'
import type { ClaimId } from '@forkproof/contracts/ids'
import {
  type ClaimWorkflow,
  claimSearchAttributes,
  claimTaskQueue,
  claimWorkflow,
  claimWorkflowId,
} from '@forkproof/workflows/claims/api'
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { z } from 'zod'
import type { ClaimRecord, Claims } from './ports.ts'

const callTimeoutMs = 3_000
/**
 * Old clients do not ask again when a claim is answered with an error, so a burst is waited out rather than turned
 * away.
 */
const startTimeoutMs = 10_000
const reachTimeoutMs = 1_000
const retryAfterSeconds = 2
/** Past the claim's own end, for a mint that is retried and for the answer; then Temporal ends what hangs. */
const executionSlackMs = 120_000

/** Claims as workflows. */
export function temporalClaims(client: Client): Claims {
  const handle = (claimId: ClaimId) => client.workflow.getHandle<ClaimWorkflow>(claimWorkflowId(claimId))
  return {
    start: order => startClaimWorkflow(client, order),
    record: claimId => orUnavailable(() => recordOf(client, handle(claimId))),
    verdict: (claimId, signal) => orUnavailable(() => verdict(client, handle(claimId), signal)),
    reachable: async () => {
      const ask = () => client.connection.workflowService.getSystemInfo({})
      return client.withDeadline(Date.now() + reachTimeoutMs, ask).then(
        () => true,
        () => false,
      )
    },
  }
}

/** The SDK repeats a lost call under the same request id, so that a repeat is not mistaken for a second claim. */
async function startClaimWorkflow(client: Client, order: ClaimSpec): Promise<'started' | 'key_used'> {
  try {
    await client.withDeadline(Date.now() + startTimeoutMs, () =>
      client.workflow.start<ClaimWorkflow>(claimWorkflow, {
        taskQueue: claimTaskQueue,
        workflowId: claimWorkflowId(order.claimId),
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        workflowExecutionTimeout: order.expiresAtMs - order.claimedAtMs + executionSlackMs,
        args: [order],
        memo: { ownKey: order.ownKey },
        typedSearchAttributes: [
          { key: claimSearchAttributes.repository, value: order.repository },
          { key: claimSearchAttributes.runId, value: order.runId },
          { key: claimSearchAttributes.state, value: 'pending' },
        ],
        staticSummary: `${order.repository} run ${order.runId} for ${order.audience}`,
      }),
    )
    return 'started'
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'key_used'
    throw unavailable(error)
  }
}

type ClaimHandle = ReturnType<Client['workflow']['getHandle']>

async function recordOf(client: Client, handle: Pick<ClaimHandle, 'describe'>): Promise<ClaimRecord | undefined> {
  try {
    const found = await client.withDeadline(Date.now() + callTimeoutMs, () => handle.describe())
    const { name } = found.status
    return {
      status: name === 'RUNNING' ? 'running' : name === 'COMPLETED' ? 'completed' : 'failed',
      ownKey: found.memo?.['ownKey'] === true,
      startedAtMs: found.startTime.getTime(),
      ...(found.closeTime && { closedAtMs: found.closeTime.getTime() }),
    }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}

async function verdict(
  client: Client,
  handle: { result(): Promise<ClaimVerdict> },
  signal: AbortSignal,
): Promise<ClaimVerdict | 'failed'> {
  try {
    // What a worker of another release answers is not taken on trust.
    return ClaimVerdict.parse(await client.withAbortSignal(signal, () => handle.result()))
  } catch (error) {
    if (error instanceof WorkflowFailedError) return 'failed'
    throw error
  }
}

async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw unavailable(error)
  }
}

/** An answer of the wrong shape will not get better by asking again; everything else may. */
const unavailable = (cause: unknown): AppError =>
  cause instanceof z.ZodError
    ? new AppError('internal_error', { cause })
    : new AppError('temporarily_unavailable', { cause, retryAfterSeconds })
