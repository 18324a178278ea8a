import * as core from '@actions/core'
import { ChallengeCode } from '@forkproof/contracts/ids'
import { actionsArtifactStore } from './artifact-store.ts'
import { artifactState } from './run-action.ts'

const cleanUpTimeoutMs = 20_000

/** The Action's post step: deletes the artifact that showed the code. Best effort; it expires within a day anyway. Never fails the job. */
export async function cleanUp(): Promise<void> {
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
