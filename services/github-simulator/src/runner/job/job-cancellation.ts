/** Why and how far a job is being cancelled. */
export interface JobCancellation {
  /** Cancelled by request or because its time is over: only steps whose condition still holds may run. */
  readonly cancelled: AbortSignal
  /** Everything ends now, `always()` or not. */
  readonly forced: AbortSignal
  readonly timedOut: () => boolean
  dispose(): void
}

/** Joins the ways in which a job can end early: the caller's signal, its timeout, and the runner's own stop. */
export function watchCancellation(options: {
  signal: AbortSignal
  stop: AbortSignal
  timeoutMs: number
  cancelledJobMs: number
}): JobCancellation {
  const cancelled = new AbortController()
  const forced = new AbortController()
  let timedOut = false
  let forceTimer: NodeJS.Timeout | undefined
  const cancel = () => {
    if (cancelled.signal.aborted) return
    cancelled.abort()
    forceTimer = setTimeout(() => forced.abort(), options.cancelledJobMs)
  }
  const force = () => {
    cancel()
    forced.abort()
  }
  const timeout = setTimeout(() => {
    timedOut = !cancelled.signal.aborted
    cancel()
  }, options.timeoutMs)
  options.signal.addEventListener('abort', cancel)
  options.stop.addEventListener('abort', force)
  if (options.signal.aborted) cancel()
  if (options.stop.aborted) force()
  return {
    cancelled: cancelled.signal,
    forced: forced.signal,
    timedOut: () => timedOut,
    dispose() {
      clearTimeout(timeout)
      clearTimeout(forceTimer)
      options.signal.removeEventListener('abort', cancel)
      options.stop.removeEventListener('abort', force)
    },
  }
}
