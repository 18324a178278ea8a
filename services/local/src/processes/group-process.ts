import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeSync } from 'node:fs'
import { type Clock, systemClock } from '@forkproof/infra/clock'
import { LineRing } from './line-ring.ts'
import { groupIsRunning } from './process-identity.ts'
import type { Watchdog } from './watchdog.ts'

const keptLinesMax = 200
const stopPollMs = 20
const killMsMax = 5_000
const abortedGraceMs = 2_000

export interface ProcessSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Both outputs are appended here; it is created with mode 0600. */
  readonly logFile?: string
}

export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/**
 * The child waits for the word on its standard input, and goes when the input ends without it.
 * So nothing runs unguarded when this process is killed before the watchdog knows the group.
 */
const launcher = 'read -r word && [ "$word" = go ] || exit 125; exec "$@" </dev/null'

/** One child, leader of its own process group and session, guarded by the watchdog. */
export class GroupProcess {
  readonly name: string
  readonly pid: number
  readonly exited: Promise<ProcessExit>
  readonly #child: ChildProcess
  readonly #ring = new LineRing(keptLinesMax)
  readonly #listeners = new Set<(line: string) => void>()
  readonly #clock: Clock
  #stopping = false

  private constructor(spec: ProcessSpec, child: ChildProcess, watchdog: Watchdog, clock: Clock) {
    this.name = spec.name
    this.pid = child.pid ?? 0
    this.#child = child
    this.#clock = clock
    const logFile = spec.logFile === undefined ? undefined : openSync(spec.logFile, 'a', 0o600)
    const receive = (chunk: Buffer) => {
      if (logFile !== undefined) writeSync(logFile, chunk)
      for (const line of this.#ring.push(chunk)) for (const listener of this.#listeners) listener(line)
    }
    child.stdout?.on('data', receive)
    child.stderr?.on('data', receive)
    const closed = once(child, 'close')
    this.exited = once(child, 'exit').then(async ([code, signal]) => {
      // A grandchild can keep the pipes open after the leader has gone: wait a moment for the last lines, no longer.
      await Promise.race([closed, clock.sleep(100)])
      this.#killGroup('SIGKILL')
      await watchdog.release(this.pid)
      if (logFile !== undefined) void closed.then(() => closeSync(logFile))
      return { code, signal }
    })
  }

  /** Resolves when the program has been let go. Throws if the shell or the watchdog is missing. */
  static async start(spec: ProcessSpec, watchdog: Watchdog, clock = systemClock): Promise<GroupProcess> {
    const child = spawn('/bin/sh', ['-c', launcher, spec.name, spec.command, ...spec.args], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...spec.environment },
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    })
    child.stdin?.on('error', () => {})
    await once(child, 'spawn')
    const started = new GroupProcess(spec, child, watchdog, clock)
    try {
      await watchdog.guard(started.pid)
    } catch (err) {
      child.stdin?.end()
      throw err
    }
    child.stdin?.end('go\n')
    return started
  }

  /** True once this process was asked to end through us, so that its exit is no surprise. */
  get stopping(): boolean {
    return this.#stopping
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  lastLines(): readonly string[] {
    return this.#ring.last()
  }

  /** Calls back for each complete line of either output; returns the function that ends it. */
  onLine(listener: (line: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Sends the leader a signal; its end counts as asked for. */
  kill(signal: NodeJS.Signals): void {
    this.#stopping = true
    if (this.running) this.#child.kill(signal)
  }

  /**
   * Sends SIGTERM to the leader, waits up to `graceMs`, then sends SIGKILL to the whole group.
   * Resolves when no process of the group lives.
   */
  async stop(graceMs: number): Promise<ProcessExit> {
    this.kill('SIGTERM')
    if (!(await this.#gone(graceMs))) this.#killGroup('SIGKILL')
    const exit = await this.exited
    const deadlineMs = this.#clock.now() + killMsMax
    while (groupIsRunning(this.pid)) {
      if (this.#clock.now() > deadlineMs)
        throw new Error(`processes of ${this.name} (group ${this.pid}) survive SIGKILL`)
      await this.#clock.sleep(stopPollMs)
    }
    return exit
  }

  /** Stops the group when the signal aborts. */
  stopOn(signal: AbortSignal): void {
    const stop = () => void this.stop(abortedGraceMs).catch(() => {})
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  }

  async #gone(ms: number): Promise<boolean> {
    const enough = new AbortController()
    const late = this.#clock.sleep(ms, enough.signal).then(
      () => false,
      () => false,
    )
    const gone = await Promise.race([this.exited.then(() => true), late])
    enough.abort()
    return gone
  }

  #killGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal)
    } catch {
      // The group is empty, which is what we want.
    }
  }
}
