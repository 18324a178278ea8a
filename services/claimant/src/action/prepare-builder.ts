import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as core from '@actions/core'
import { exchangeIdToken } from '../building/access-token.ts'
import { holdBuilder } from '../building/hold-builder.ts'
import { startKeepAliveProcess } from '../building/keep-alive-process.ts'
import type { LeasedBuild } from '../building/lease-builders.ts'
import type { ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure, describeFailure } from '../claiming/claim-failure.ts'
import { builderVariables } from '../clients/builder-variables.ts'
import { checkBuildx, createBuildxBuilder } from '../clients/buildx.ts'
import { depotVariables } from '../clients/depot.ts'
import type { EnvironmentVariables } from '../environment/run-environment.ts'
import type { BuildConfig } from './config.ts'

/** Name of the saved state that tells the `post` step which build to end. */
export const folderState = 'builder-folder'
export const folderNamePrefix = 'forkproof-builder-'
/** How buildx can be started: as docker's plugin or on its own. */
const buildxCommands = [['docker', 'buildx'], ['buildx']] as const

/**
 * Turns the ID token into a builder that the job's next steps find in their environment.
 * A process in the background keeps it alive.
 * @throws ClaimFailure
 */
export async function prepareBuilder(
  { settings, leases, depotUrl }: BuildConfig,
  idToken: string,
  env: EnvironmentVariables,
  deps: ClaimDeps,
): Promise<void> {
  const { issuer, projectId, timeoutMs } = settings
  const accessToken = await exchangeIdToken({ issuer, projectId, idToken }, deps, AbortSignal.timeout(timeoutMs))
  core.setSecret(accessToken)
  core.info(`Admitted to project ${projectId}.`)
  exportAll({ FORKPROOF_ISSUER: issuer, FORKPROOF_PROJECT: projectId, FORKPROOF_ACCESS_TOKEN: accessToken })
  exportAll(depotVariables({ accessToken, projectId, apiUrl: depotUrl }, env))
  if (!leases) return
  const folder = path.join(env['RUNNER_TEMP'] || tmpdir(), `${folderNamePrefix}${randomUUID()}`)
  // Saved before anything exists, so that the post step cleans up also after a step that is cancelled meanwhile.
  core.saveState(folderState, folder)
  // No signal cancels this: the runner ends the process, and the post step ends what it began.
  const lease = await holdBuilder({ ...settings, accessToken, folder }, deps, new AbortController().signal)
  core.setSecret(lease.build.buildToken)
  // The bundle has all its files in one folder.
  startKeepAliveProcess(folder, fileURLToPath(new URL('./cli.js', import.meta.url)), env)
  exportAll({ FORKPROOF_BUILDER_FOLDER: folder, ...builderVariables(lease) })
  core.setOutput('build-id', lease.build.buildId)
  core.setOutput('endpoint', lease.builders[0]?.endpoint ?? '')
  await setUpBuildx(lease, path.join(folder, 'buildx'), env)
}

async function setUpBuildx(lease: LeasedBuild, configFolder: string, env: EnvironmentVariables): Promise<void> {
  for (const buildx of buildxCommands) {
    try {
      await checkBuildx(buildx, env)
    } catch {
      continue
    }
    try {
      exportAll(await createBuildxBuilder(buildx, lease.builders, configFolder, env))
      core.info(`\`${buildx.join(' ')} build\` in the following steps builds there.`)
    } catch (error) {
      if (!(error instanceof ClaimFailure)) throw error
      core.warning(describeFailure(error))
    }
    return
  }
  core.info('There is no buildx here; the builder is in the variables FORKPROOF_BUILDER_… of the following steps.')
}

function exportAll(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) core.exportVariable(name, value)
}
