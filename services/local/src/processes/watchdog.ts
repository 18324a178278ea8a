import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

const graceTenthsOfSecond = 50

/**
 * Ends the guarded process groups when its standard input closes, which the kernel does however this process dies.
 * It lives in a session of its own and ignores the terminal's signals: Ctrl-C reaches only the parent, which stops
 * everything in order. It is used instead of PR_SET_PDEATHSIG, which exists on Linux only, is bound to a thread, and
 * does not reach grandchildren.
 */
const script = `
trap '' INT TERM HUP
groups=' '
while read -r verb group; do
  case "$verb" in
    guard) groups="$groups$group ";;
    release) case "$groups" in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }";; esac;;
  esac
done
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
tenths=0
while [ "$tenths" -lt ${graceTenthsOfSecond} ]; do
  left=''
  for group in $groups; do kill -s 0 -- "-$group" 2>/dev/null && left=1; done
  [ -z "$left" ] && exit 0
  sleep 0.1
  tenths=$((tenths + 1))
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
`

/** A tiny shell process that outlives this one by seconds, to leave nothing behind. */
export class Watchdog {
  readonly #shell: ChildProcess

  private constructor(shell: ChildProcess) {
    this.#shell = shell
  }

  static async start(): Promise<Watchdog> {
    const shell = spawn('/bin/sh', ['-c', script, 'forkproof-watchdog'], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    })
    await once(shell, 'spawn')
    shell.stdin?.on('error', () => {})
    shell.unref()
    return new Watchdog(shell)
  }

  get pid(): number {
    return this.#shell.pid ?? 0
  }

  /**
   * Resolves when the watchdog holds the group's number: only then may the group do anything.
   * Rejects when the watchdog is gone.
   */
  guard(group: number): Promise<void> {
    return this.#tell(`guard ${group}`)
  }

  /** To be called as soon as the group is empty: its number can belong to somebody else later. */
  async release(group: number): Promise<void> {
    await this.#tell(`release ${group}`).catch(() => {})
  }

  /** Ends the watchdog, and with it whatever is still guarded. */
  async close(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return
    const exited = once(this.#shell, 'exit')
    this.#shell.ref()
    this.#shell.stdin?.end()
    await exited
  }

  #tell(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const { stdin } = this.#shell
      const gone = (cause?: unknown) => reject(new Error('the watchdog process has ended', { cause }))
      if (!stdin || this.#shell.exitCode !== null || this.#shell.signalCode !== null) gone()
      else stdin.write(`${line}\n`, err => (err ? gone(err) : resolve()))
    })
  }
}
