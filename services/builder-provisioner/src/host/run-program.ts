import { type ChildProcess, execFile } from 'node:child_process'

const outputBytesMax = 1_048_576
/** The system's own programs and nothing that a user's environment adds. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

interface SystemProgramOptions {
  readonly signal: AbortSignal
  /** Written to its standard input, which then ends. */
  readonly input?: string
  readonly msMax?: number
}

/** A program that could not be run to a good end; the message holds the last of what it said. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
  /** ENOENT where there is no such program; absent when it was ended. */
  readonly code: number | string | undefined

  constructor(program: string, code: number | string | undefined, said: string, cause: unknown) {
    super(`${program} failed (${code ?? 'ended'}): ${said.trim().slice(-500)}`, { cause })
    this.code = code
  }
}

/** Runs a program of the system and returns its standard output. @throws ProgramError, or the signal's reason */
export function runSystemProgram(
  program: string,
  args: readonly string[],
  options: SystemProgramOptions,
): Promise<string> {
  const { signal, input = '', msMax = 5_000 } = options
  return new Promise((resolve, reject) => {
    const bounds = { signal, timeout: msMax, killSignal: 'SIGKILL', maxBuffer: outputBytesMax } as const
    const env = { PATH: systemPath, LC_ALL: 'C' }
    const child: ChildProcess = execFile(program, [...args], { ...bounds, env }, (error, stdout, stderr) => {
      if (!error) resolve(stdout)
      else if (signal.aborted) reject(signal.reason)
      else reject(new ProgramError(program, error.code ?? undefined, stderr, error))
    })
    // It may end without reading: what it says then counts, not the broken pipe.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
