import type { ClaimClock, ClaimDeps } from '../claiming/claim-deps.ts'
import type { EnvironmentVariables } from '../environment/run-environment.ts'

/** What the command line needs of the process that it runs in. */
export interface CliTerminal {
  readonly argv: readonly string[]
  readonly env: EnvironmentVariables
  readonly version: string
  /** File of the command line itself, to start it again. */
  readonly script: string
  /** Whether Ctrl-C can be typed. */
  readonly isInteractive: boolean
  readonly clock: ClaimClock
  readonly random: () => number
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Takes over SIGINT, SIGTERM and SIGHUP until the returned function is called. */
  readonly onSignal: (listener: (signal: NodeJS.Signals) => void) => () => void
}

export const exitCode = { done: 0, failed: 1, misuse: 2, cannot: 3, commandUnusable: 126, commandMissing: 127 } as const

export function cliDeps(terminal: Pick<CliTerminal, 'clock' | 'random' | 'err'>): ClaimDeps {
  // The challenge's sentence must be a whole line of its own, so no line has a prefix.
  const say = (line: string) => terminal.err(`${line}\n`)
  return { clock: terminal.clock, random: terminal.random, journal: { say, warn: say } }
}

/** Writes to standard error, because a shell may be reading standard output. The runner obeys commands on both. */
export function maskSecret(secret: string, { env, err }: Pick<CliTerminal, 'env' | 'err'>): void {
  if (env['GITHUB_ACTIONS'] === 'true') err(`::add-mask::${secret}\n`)
}
