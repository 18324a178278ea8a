import { spawn } from 'node:child_process'
import path from 'node:path'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import type { EnvironmentVariables } from '../environment/run-environment.ts'
import { type HeldBuild, hasHeldBuild, readHeldBuild } from './held-build.ts'
import { keepBuildAlive } from './keep-alive.ts'
import { buildingLimits } from './limits.ts'

/** By the first the runner finds the process and ends it with the job. The others are needed to reach the issuer. */
const inherited = [
  'RUNNER_TRACKING_ID',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_USE_ENV_PROXY',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SystemRoot',
] as const

/**
 * Starts a process that keeps the build in `folder` alive until its file is gone.
 * Its command line has the folder's name and no secret, and it inherits only the variables that it needs.
 * @param script the file of the command line itself
 */
export function startKeepAliveProcess(folder: string, script: string, env: EnvironmentVariables): void {
  const given = inherited.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]] as const]))
  spawn(process.execPath, [script, 'builder', '--keep-alive', '--folder', folder], {
    // A shell waits for every process that holds its pipes, so this one holds none.
    stdio: 'ignore',
    detached: true,
    cwd: path.parse(process.execPath).root,
    env: Object.fromEntries(given),
  })
    // Without this process the build ends early, and the user sees the reason then.
    .on('error', () => undefined)
    .unref()
}

/** The work of that process. Resolves when the file is gone, the build is over or its time is up. */
export async function keepAliveUntilGone(folder: string, deps: ClaimDeps): Promise<void> {
  const record = await readHeldBuild(folder)
  if (record === undefined) return
  const stop = new AbortController()
  const watching = watchRecord(folder, record, deps, stop)
  await keepBuildAlive(record, deps, stop.signal)
  stop.abort()
  await watching
}

/** No process id is stored that could be mistaken later. Whoever ends the build removes the file, and this notices. */
async function watchRecord(
  folder: string,
  { expiresAt }: HeldBuild,
  { clock }: ClaimDeps,
  stop: AbortController,
): Promise<void> {
  while (!stop.signal.aborted) {
    await clock.sleep(buildingLimits.recordCheckIntervalMs, stop.signal).catch(() => undefined)
    if (clock.now() >= Date.parse(expiresAt) || !(await hasHeldBuild(folder))) stop.abort()
  }
}
