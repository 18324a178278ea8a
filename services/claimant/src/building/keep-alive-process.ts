import { spawn } from 'node:child_process'
import path from 'node:path'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import type { EnvironmentVariables } from '../environment/run-environment.ts'
import { type HeldBuild, hasHeldBuild, readHeldBuild } from './held-build.ts'
import { keepBuildAlive } from './keep-alive.ts'
import { buildingLimits } from './limits.ts'

/** The runner ends processes that carry its mark when the job is over; the others are needed to reach the issuer. */
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
 * Starts a process of its own that keeps the build in `folder` alive until its record is gone. It gets the folder's name and no secret
 * on its command line, and of the environment only what it needs.
 * @param script the command line's own file
 */
export function startKeepAliveProcess(folder: string, script: string, env: EnvironmentVariables): void {
  const given = inherited.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]] as const]))
  spawn(process.execPath, [script, 'builder', '--keep-alive', '--folder', folder], {
    // A shell that waits for every holder of its pipes would wait for this one.
    stdio: 'ignore',
    detached: true,
    cwd: path.parse(process.execPath).root,
    env: Object.fromEntries(given),
  })
    // Without a keeper the build ends early, which its user is told then.
    .on('error', () => undefined)
    .unref()
}

/** What that process does. Resolves when the record is gone, when the build is over and when its time is. */
export async function keepAliveUntilGone(folder: string, deps: ClaimDeps): Promise<void> {
  const record = await readHeldBuild(folder)
  if (record === undefined) return
  const stop = new AbortController()
  const watching = watchRecord(folder, record, deps, stop)
  await keepBuildAlive(record, deps, stop.signal)
  stop.abort()
  await watching
}

/** No process id is kept anywhere, so none can be mistaken: who ends the build removes the record, and this notices. */
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
