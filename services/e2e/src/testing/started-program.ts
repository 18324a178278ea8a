import { type ChildProcess, spawn } from 'node:child_process'
import { identityOf, isRunning, type ProcessIdentity } from '@forkproof/local/processes/process-identity'
import { commandLineOf, descendantsOf } from './process-tree.ts'

const lineMsMax = 90_000
const sampleMs = 50
const outputCharactersMax = 1_000_000

interface ProgramExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * A program as a user starts it in a terminal: leader of a process group of its own.
 * It remembers every process that was ever below it.
 */
export class StartedProgram {
  readonly pid: number
  /** Resolves when it has ended and both outputs are at their end. */
  readonly exited: Promise<ProgramExit>
  /** What still ran when the leader ended, which is when a shell shows its prompt again. */
  leftAtExit: readonly string[] = []
  readonly #child: ChildProcess
  readonly #seen = new Map<string, ProcessIdentity>()
  readonly #output = { stdout: '', stderr: '' }
  readonly #listeners = new Set<() => void>()
  #over = false

  constructor(command: string, args: readonly string[], options: { env: NodeJS.ProcessEnv; cwd: string }) {
    this.#child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    this.pid = this.#child.pid ?? 0
    this.#keep('stdout')
    this.#keep('stderr')
    const sampling = setInterval(() => this.#sample(), sampleMs)
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', () => {
        clearInterval(sampling)
        this.leftAtExit = this.remains()
      })
      this.#child.once('close', (code, signal) => {
        this.#over = true
        for (const listener of this.#listeners) listener()
        resolve({ code, signal, ...this.#output })
      })
    })
  }

  /** Everything printed so far, both outputs. */
  get output(): string {
    return this.#output.stdout + this.#output.stderr
  }

  get over(): boolean {
    return this.#over
  }

  /** Resolves when an output holds the text. @throws with the output when the program ends first or takes too long */
  async shows(text: string): Promise<void> {
    await this.#until(() => this.output.includes(text), `"${text}"`)
  }

  /** Resolves with the pid of a process below this one whose command line holds the text. */
  async runs(text: string): Promise<number> {
    const find = () => descendantsOf(this.pid).find(pid => commandLineOf(pid).includes(text))
    await this.#until(() => find() !== undefined, `a process ${text}`)
    return find() ?? 0
  }

  /** Signals the whole process group, as Ctrl-C in a terminal does, or the leader alone, as `kill` does. */
  signal(name: NodeJS.Signals, to: 'group' | 'leader'): void {
    if (this.#over) return
    this.#sample()
    process.kill(to === 'group' ? -this.pid : this.pid, name)
  }

  /** What still runs of all processes seen below this one, with the command line. Zombies do not count. */
  remains(): string[] {
    return [...this.#seen.values()].filter(isRunning).map(({ pid }) => `${pid} ${commandLineOf(pid)}`)
  }

  /** Ends everything at once; for after a failed test. */
  async destroy(): Promise<void> {
    this.#sample()
    for (const identity of this.#seen.values()) if (isRunning(identity)) kill(identity.pid)
    await this.exited
  }

  #keep(name: 'stdout' | 'stderr'): void {
    this.#child[name]?.setEncoding('utf8').on('data', (text: string) => {
      this.#output[name] = (this.#output[name] + text).slice(-outputCharactersMax)
      for (const listener of this.#listeners) listener()
    })
  }

  #sample(): void {
    for (const pid of [this.pid, ...descendantsOf(this.pid)]) {
      const identity = identityOf(pid)
      this.#seen.set(`${pid}.${identity.startTicks}`, identity)
    }
    for (const listener of this.#listeners) listener()
  }

  #until(holds: () => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const fail = (why: string) => reject(new Error(`${what}: ${why}. It printed:\n${this.output.slice(-5_000)}`))
    const timer = setTimeout(() => fail(`not within ${lineMsMax} ms`), lineMsMax)
    const look = () => {
      if (holds()) resolve()
      else if (this.#over) fail('the program ended before')
    }
    this.#listeners.add(look)
    look()
    return promise.finally(() => {
      clearTimeout(timer)
      this.#listeners.delete(look)
    })
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It had ended before.
  }
}
