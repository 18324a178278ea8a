import path from 'node:path'
import * as core from '@actions/core'
import { ChallengeCode } from '@forkproof/contracts/ids'
import { endBuild, type FinishResult } from '../building/build-client.ts'
import { readHeldBuild, removeBuildFolder } from '../building/held-build.ts'
import { useEnvironmentProxy } from '../environment/environment-proxy.ts'
import { actionsArtifactStore } from './artifact-store.ts'
import { actionEnvironment } from './config.ts'
import { folderNamePrefix, folderState } from './prepare-builder.ts'
import { artifactState } from './run-action.ts'

const cleanUpTimeoutMs = 20_000
/** The states of a job, as `${{ job.status }}` says them. */
const resultByStatus: Readonly<Record<string, FinishResult>> = {
  success: 'success',
  failure: 'error',
  cancelled: 'canceled',
}

/** The Action's post step: ends the build and deletes the artifact that showed the code. Never fails the job. */
export async function cleanUp(): Promise<void> {
  await useEnvironmentProxy(actionEnvironment())
  await Promise.allSettled([endJobBuild(), deleteArtifact()])
}

/** Ends also a build that a cancelled main step began. The service would notice by itself, but minutes later. */
async function endJobBuild(): Promise<void> {
  const folder = core.getState(folderState)
  if (!path.isAbsolute(folder) || !path.basename(folder).startsWith(folderNamePrefix)) return
  const record = await readHeldBuild(folder)
  if (record !== undefined) {
    // The runner evaluates inputs again for the post step, so this is the job's status now.
    const told = await endBuild(record, resultByStatus[core.getInput('job-status')] ?? 'success')
    core.info(told ? `Build ${record.buildId} is over.` : 'The service could not be told that the build is over.')
  }
  await removeBuildFolder(folder)
}

/** Best effort; it expires within a day anyway. */
async function deleteArtifact(): Promise<void> {
  const saved = ChallengeCode.safeParse(core.getState(artifactState))
  if (!saved.success) return
  const removal = actionsArtifactStore().remove(saved.data)
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('timeout')), cleanUpTimeoutMs).unref()
  })
  try {
    await Promise.race([removal, late])
    core.info('The artifact that showed the challenge code is deleted.')
  } catch {
    core.info('The artifact that showed the challenge code could not be deleted now; it expires within a day.')
  }
}
