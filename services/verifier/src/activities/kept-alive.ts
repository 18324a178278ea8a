import type { Logger } from '@forkproof/infra/log'
import { ApplicationFailure, Context } from '@temporalio/activity'

/** Well under the workflows' heartbeat timeout of 5 s. */
const heartbeatMs = 2_000

/** What is logged of work that failed unexpectedly. */
export interface WorkAbout {
  readonly what: string
  readonly fields: Record<string, unknown>
}

/** Work as Temporal calls it: heartbeats, cancellation, and a retry elsewhere when this process stops. */
export async function keptAlive<T>(
  about: WorkAbout,
  { log, shutdown }: { log: Logger; shutdown: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const context = Context.current()
  const heart = setInterval(() => context.heartbeat(), heartbeatMs)
  try {
    return await work(AbortSignal.any([context.cancellationSignal, shutdown]))
  } catch (error) {
    // Cancellation has an error of its own, which Temporal expects to see again.
    context.cancellationSignal.throwIfAborted()
    if (shutdown.aborted) throw ApplicationFailure.retryable('this verifier is stopping', 'shutdown')
    log.error({ ...about.fields, err: error }, `${about.what} failed`)
    // Its text would land in the history.
    throw ApplicationFailure.retryable(`${about.what} failed`, 'internal')
  } finally {
    clearInterval(heart)
  }
}
