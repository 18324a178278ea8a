const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Handles the signals that ask a process to end, until the returned function is called. */
export function onTerminationSignal(listener: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
