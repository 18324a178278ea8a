import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const outputBytesMax = 64 * 1024
const programPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Runs a program of the system to its end; its outputs are part of the error only. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { signal, msMax = 10_000 }: { signal: AbortSignal; msMax?: number },
): Promise<void> {
  await run(program, [...args], {
    signal,
    timeout: msMax,
    killSignal: 'SIGKILL',
    maxBuffer: outputBytesMax,
    env: { PATH: programPath, LC_ALL: 'C' },
  })
}
