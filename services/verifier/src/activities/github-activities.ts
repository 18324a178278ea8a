import type { GithubActivities } from '@forkproof/workflows/claim/ports'
import { ApplicationFailure, Context } from '@temporalio/activity'
import { type WatchTools, watchForProof } from './watch-for-proof.ts'

/** Well under the workflow's heartbeat timeout of 5 s. */
const heartbeatMs = 2_000

/** The activities as Temporal calls them: heartbeats, cancellation, and a retry elsewhere when this process stops. */
export function createGithubActivities(tools: WatchTools, shutdown: AbortSignal): GithubActivities {
  return {
    watchForProof: async order => {
      const context = Context.current()
      const heart = setInterval(() => context.heartbeat(), heartbeatMs)
      try {
        return await watchForProof(order, tools, AbortSignal.any([context.cancellationSignal, shutdown]))
      } catch (error) {
        // Cancellation has an error of its own, which Temporal expects to see again.
        context.cancellationSignal.throwIfAborted()
        if (shutdown.aborted) throw ApplicationFailure.retryable('this verifier is stopping', 'shutdown')
        tools.log.error({ claimId: order.claimId, err: error }, 'watching failed')
        throw ApplicationFailure.retryable('watching failed', 'internal')
      } finally {
        clearInterval(heart)
      }
    },
  }
}
