import { constants } from 'node:os'
import type { RunningCommand } from '../clients/run-command.ts'
import type { CliTerminal } from './terminal.ts'

/** Handles signals: cancels the work in progress and passes the signal on to the running command. */
export class Interrupts {
  readonly #abort = new AbortController()
  readonly #stopListening: () => void
  #first: NodeJS.Signals | undefined
  #running: RunningCommand | undefined

  constructor({ onSignal, isInteractive }: Pick<CliTerminal, 'onSignal' | 'isInteractive'>) {
    this.#stopListening = onSignal(signal => {
      this.#first ??= signal
      this.#abort.abort()
      // A terminal sends Ctrl-C to the command itself.
      if (signal !== 'SIGINT' || !isInteractive) this.#running?.kill(signal)
    })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** As a shell reports it: 128 and the signal's number. Undefined until a signal arrives. */
  get exitCode(): number | undefined {
    return this.#first === undefined ? undefined : 128 + constants.signals[this.#first]
  }

  passOnTo(running: RunningCommand): void {
    this.#running = running
    // The signal may have arrived while the command was being started.
    if (this.#first !== undefined) running.kill(this.#first)
  }

  /** For work that takes no signal: the work goes on, but the wait for it ends. */
  async unlessInterrupted<T>(work: Promise<T>): Promise<T> {
    const { signal } = this
    const interrupted = Promise.withResolvers<never>()
    const onAbort = () => interrupted.reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([work, interrupted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      interrupted.promise.catch(() => undefined)
    }
  }

  dispose(): void {
    this.#stopListening()
  }
}
