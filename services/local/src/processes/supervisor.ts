import { join } from 'node:path'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import { GroupProcess, type ProcessExit, type ProcessSpec } from './group-process.ts'
import { probeOnce, type ReadySign, sawReadyLine } from './readiness.ts'
import { Watchdog } from './watchdog.ts'

const probePauseMs = 50
const shownLinesMax = 20
const readyMsDefault = 30_000
const stopMsDefault = 8_000

export interface ChildSpec extends Omit<ProcessSpec, 'logFile'> {
  readonly ready: ReadySign
  /** Bound for becoming ready; 30 s when left out. */
  readonly readyMsMax?: number
  /** Time between SIGTERM and SIGKILL; 8 s when left out. */
  readonly stopMsMax?: number
}

/** A child ended, or was not ready in time. The message carries its last lines. */
export class ChildFailedError extends Error {
  constructor(name: string, what: string, lines: readonly string[], logFile: string) {
    const tail = lines.slice(-shownLinesMax).map(line => `  ${line}`)
    super(
      [
        `${name} ${what}`,
        ...(tail.length > 0 ? ['last lines:', ...tail] : ['it printed nothing']),
        `whole log: ${logFile}`,
      ].join('\n'),
    )
    this.name = 'ChildFailedError'
  }
}

/**
 * Starts children one after the other and stops them in reverse order.
 * However this process ends, no child stays (see Watchdog).
 */
export class Supervisor {
  readonly #logs: string
  readonly #watchdog: Watchdog
  readonly #clock: Clock
  readonly #children: { spec: ChildSpec; child: GroupProcess }[] = []
  readonly #surprised = new Set<(err: ChildFailedError) => void>()

  private constructor(logs: string, watchdog: Watchdog, clock: Clock) {
    this.#logs = logs
    this.#watchdog = watchdog
    this.#clock = clock
  }

  /** `logs`: an existing folder for one log file per child. */
  static async open(logs: string, clock = systemClock): Promise<Supervisor> {
    return new Supervisor(logs, await Watchdog.start(), clock)
  }

  /** For other programs that must not outlive this one (builds). */
  get watchdog(): Watchdog {
    return this.#watchdog
  }

  /** The running children, in the order of their start. */
  get children(): readonly GroupProcess[] {
    return this.#children.map(({ child }) => child).filter(child => child.running)
  }

  /** Called when a child ends without having been asked to, after it was ready. */
  onSurpriseExit(listener: (err: ChildFailedError) => void): void {
    this.#surprised.add(listener)
  }

  /**
   * Resolves when the child is ready; otherwise it is stopped.
   * @throws ChildFailedError, or the signal's reason
   */
  async start(spec: ChildSpec, signal?: AbortSignal): Promise<GroupProcess> {
    signal?.throwIfAborted()
    const logFile = join(this.#logs, `${spec.name}.log`)
    const child = await GroupProcess.start({ ...spec, logFile }, this.#watchdog, this.#clock)
    const entry = { spec, child }
    this.#children.push(entry)
    const readyMsMax = spec.readyMsMax ?? readyMsDefault
    const outcome = await this.#awaitReady(child, spec.ready, readyMsMax, signal)
    if (outcome === 'ready') {
      void child.exited.then(exit => this.#ended(entry, exit, logFile))
      return child
    }
    await this.#stop(entry)
    if (outcome === 'aborted') throw signal?.reason
    const what =
      outcome === 'late' ? `was not ready within ${readyMsMax} ms` : `ended before it was ready (${inWords(outcome)})`
    throw new ChildFailedError(spec.name, what, child.lastLines(), logFile)
  }

  /** Ends one child in order. */
  async stop(child: GroupProcess): Promise<void> {
    const entry = this.#children.find(other => other.child === child)
    if (entry) await this.#stop(entry)
  }

  /**
   * Ends every child, the last started first, and then the watchdog.
   * A failure does not keep the rest from ending; all failures are thrown together.
   */
  async stopAll(): Promise<void> {
    const failures: unknown[] = []
    for (const entry of [...this.#children].reverse())
      await this.#stop(entry).catch((err: unknown) => failures.push(err))
    await this.#watchdog.close()
    if (failures.length > 0) throw new AggregateError(failures, 'not every child could be stopped')
  }

  async #stop(entry: { spec: ChildSpec; child: GroupProcess }): Promise<void> {
    await entry.child.stop(entry.spec.stopMsMax ?? stopMsDefault)
    const index = this.#children.indexOf(entry)
    if (index >= 0) this.#children.splice(index, 1)
  }

  #ended(entry: { spec: ChildSpec; child: GroupProcess }, exit: ProcessExit, logFile: string): void {
    const index = this.#children.indexOf(entry)
    if (index >= 0) this.#children.splice(index, 1)
    if (entry.child.stopping) return
    const err = new ChildFailedError(
      entry.spec.name,
      `ended by itself (${inWords(exit)})`,
      entry.child.lastLines(),
      logFile,
    )
    for (const listener of this.#surprised) listener(err)
  }

  async #awaitReady(
    child: GroupProcess,
    ready: ReadySign,
    msMax: number,
    signal: AbortSignal | undefined,
  ): Promise<'ready' | 'late' | 'aborted' | ProcessExit> {
    const over = new AbortController()
    const until = signal ? AbortSignal.any([signal, over.signal]) : over.signal
    const late = this.#clock.sleep(msMax, until).then(
      () => 'late' as const,
      () => 'aborted' as const,
    )
    const isReady = ready.kind === 'log-line' ? sawReadyLine(child) : this.#probeUntilReady(ready.probe, until)
    const outcome = await Promise.race([
      child.exited,
      late,
      isReady.then(yes => (yes ? 'ready' : 'aborted') as 'ready' | 'aborted'),
    ])
    over.abort()
    return outcome
  }

  async #probeUntilReady(probe: (signal: AbortSignal) => Promise<boolean>, until: AbortSignal): Promise<boolean> {
    while (!until.aborted) {
      if (await probeOnce(probe, until)) return true
      await this.#clock.sleep(probePauseMs, until).catch(() => {})
    }
    return false
  }
}

function inWords(exit: ProcessExit): string {
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`
}
