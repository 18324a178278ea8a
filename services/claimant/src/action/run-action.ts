import * as core from '@actions/core'
import { systemClaimClock } from '../claiming/claim-clock.ts'
import type { ArtifactStore, ClaimDeps } from '../claiming/claim-deps.ts'
import { ClaimFailure, describeFailure } from '../claiming/claim-failure.ts'
import { channelsOfAction, channelsWithoutArtifacts } from '../claiming/client-channels.ts'
import { describeToken, obtainToken } from '../claiming/obtain-token.ts'
import { hasArtifactService } from '../environment/artifact-service.ts'
import { useEnvironmentProxy } from '../environment/environment-proxy.ts'
import { readEventFile } from '../environment/event-file.ts'
import { recogniseRun } from '../environment/run-environment.ts'
import { actionsArtifactStore } from './artifact-store.ts'
import { readActionConfig } from './config.ts'
import { prepareBuilder } from './prepare-builder.ts'

/** Name of the saved state that tells the `post` step what to delete. */
export const artifactState = 'artifact'
/** The variable that later steps of the job find the token in. */
const tokenVariable = 'FORKPROOF_ID_TOKEN'

/** The Action's main step. Never rejects: a failure is reported in plain words and fails the step. */
export async function runAction(): Promise<void> {
  try {
    const config = readActionConfig()
    if ('problems' in config) return core.setFailed(`The inputs are wrong:\n${config.problems.join('\n')}`)
    const { settings, build, env } = config
    await useEnvironmentProxy(env)
    const where = recogniseRun(env, await readEventFile(env['GITHUB_EVENT_PATH']))
    const uploads = where.kind === 'claim' && hasArtifactService(env)
    const deps = actionDeps(uploads, env['RUNNER_TEMP'])
    const channels = uploads ? channelsOfAction : channelsWithoutArtifacts
    const token = await obtainToken(where, { ...settings, channels, place: 'action' }, deps)
    // Masked before anything else can print it.
    core.setSecret(token.jwt)
    core.setOutput('token', token.jwt)
    core.setOutput('claim-id', token.claimId ?? '')
    core.info(describeToken(token, settings.audience))
    if (build !== undefined) return await prepareBuilder(build, token.jwt, env, deps)
    core.exportVariable(tokenVariable, token.jwt)
    core.info(
      `It is in the output \`token\` and in the variable ${tokenVariable} of the following steps, masked in logs.`,
    )
  } catch (error) {
    core.setFailed(error instanceof ClaimFailure ? describeFailure(error) : unexpected(error))
  }
}

function actionDeps(uploads: boolean, temporaryFolder: string | undefined): ClaimDeps {
  const journal = { say: core.info, warn: (line: string) => core.warning(line) }
  const deps = { clock: systemClaimClock, journal, random: Math.random }
  return uploads ? { ...deps, artifacts: remembering(actionsArtifactStore(temporaryFolder)) } : deps
}

/** Saves the name before the upload begins, so that `post` cleans up also after a step that was cancelled. */
function remembering(store: ArtifactStore): ArtifactStore {
  return {
    ...store,
    upload: name => {
      core.saveState(artifactState, name)
      return store.upload(name)
    },
  }
}

/** Names the error's class only, because a foreign message may quote a secret that it was given. */
const unexpected = (error: unknown) =>
  `Something unexpected went wrong in the claimant itself: ${error instanceof Error ? error.name : 'unknown error'}.`
