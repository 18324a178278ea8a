import { execFile } from 'node:child_process'
import { buildingLimits } from '../building/limits.ts'
import type { EnvironmentVariables } from '../environment/run-environment.ts'

/** Runs a helper program without showing its output. Never rejects: a missing program counts as a failure. */
export function runQuietly(
  command: readonly string[],
  env: EnvironmentVariables,
): Promise<{ readonly ok: boolean; readonly output: string }> {
  const [program = '', ...args] = command
  const bounds = { timeout: buildingLimits.programTimeoutMs, maxBuffer: buildingLimits.programOutputBytesMax }
  return new Promise(resolve => {
    execFile(program, args, { ...bounds, env: { ...env } }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: `${stderr}${stdout}`.trim() })
    })
  })
}
