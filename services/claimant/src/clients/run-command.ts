import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { EnvironmentVariables } from '../environment/run-environment.ts'
import { guardCommand } from './command-guard.ts'

export interface CommandEnd {
  /** As a shell reports it: 128 and the signal's number where a signal ended it. */
  readonly exitCode: number
  readonly signal: NodeJS.Signals | undefined
}

export interface RunningCommand {
  /** Never rejects. */
  readonly ended: Promise<CommandEnd>
  kill(signal: NodeJS.Signals): void
}

const couldNotRun = 126

/** Starts the user's command with this terminal's input and output. It ends with this process, however that ends. */
export function runCommand(command: readonly string[], env: EnvironmentVariables): RunningCommand {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: 'inherit', env: { ...env } })
  const release = child.pid === undefined ? undefined : guardCommand(child.pid)
  const ended = new Promise<CommandEnd>(resolve => {
    child.on('error', () => {
      // An error also follows a signal that could not be delivered; then the exit comes later.
      if (child.pid === undefined) resolve({ exitCode: couldNotRun, signal: undefined })
    })
    child.on('exit', (code, signal) => {
      release?.()
      resolve({
        exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
        signal: signal ?? undefined,
      })
    })
  })
  return { ended, kill: signal => void child.kill(signal) }
}
