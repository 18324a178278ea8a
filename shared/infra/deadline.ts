import type { Clock } from './clock.ts'

interface Deadline {
  readonly clock: Clock
  readonly ms: number
  readonly parent?: AbortSignal
  /** How long the work may take to clean up once it was told to stop; then it is left to itself. */
  readonly graceMs?: number
}

/**
 * Runs `work` with a signal that aborts after `ms` or with `parent`.
 * @throws what the work throws, or that it did not stop
 */
export async function withDeadline<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, ms, parent, graceMs = 0 } = deadline
  const ended = new AbortController()
  const over = new AbortController()
  const stop = () => over.abort(parent?.reason ?? new Error('stopped'))
  parent?.addEventListener('abort', stop, { once: true })
  if (parent?.aborted) stop()
  const { promise: deaf, reject } = Promise.withResolvers<never>()
  deaf.catch(() => undefined)
  const giveUp = () => reject(over.signal.reason)
  const wait = () => void clock.sleep(graceMs, ended.signal).then(giveUp, () => undefined)
  over.signal.addEventListener('abort', graceMs === 0 ? giveUp : wait, { once: true })
  clock.sleep(ms, ended.signal).then(
    () => over.abort(new Error(`not done within ${ms} ms`)),
    () => undefined,
  )
  try {
    over.signal.throwIfAborted()
    return await Promise.race([work(over.signal), deaf])
  } finally {
    parent?.removeEventListener('abort', stop)
    ended.abort()
  }
}
