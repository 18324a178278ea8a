import type { Logger } from '@forkproof/infra/log'
import { ApplicationFailure, Context } from '@temporalio/activity'

/** Well under the workflows' heartbeat timeout of 5 s. */
const heartbeatMs = 2_000

/** What is logged of work that failed unexpectedly. */
interface WorkAbout {
  readonly what: string
  readonly fields: Record<string, unknown>
}

/** Runs work as an activity: with heartbeats, cancellation, and a retry elsewhere when this process stops. */
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
    // Temporal expects its own error back when it cancels.
    context.cancellationSignal.throwIfAborted()
    if (shutdown.aborted) throw ApplicationFailure.retryable('this verifier is stopping', 'shutdown')
    log.error({ ...about.fields, err: error }, `${about.what} failed`)
    // The error's own text would get into the workflow's history.
    throw ApplicationFailure.retryable(`${about.what} failed`, 'internal')
  } finally {
    clearInterval(heart)
  }
}
