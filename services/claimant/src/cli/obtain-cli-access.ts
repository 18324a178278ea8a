import type { AccessToken } from '@forkproof/contracts/ids'
import { obtainAccess } from '../building/obtain-access.ts'
import { readEventFile } from '../environment/event-file.ts'
import { recogniseRun } from '../environment/run-environment.ts'
import type { CliBuildSettings } from './build-arguments.ts'
import { type CliTerminal, cliDeps, maskSecret } from './terminal.ts'
import { finishToken, hasBegunClaim } from './two-step-token.ts'

/**
 * Gets the right to build for the run that this process belongs to.
 * In a step that is named after a code it finishes the claim that an earlier step began.
 * @throws ClaimFailure
 */
export async function obtainCliAccess(settings: CliBuildSettings, terminal: CliTerminal): Promise<AccessToken> {
  const { env } = terminal
  const where = recogniseRun(env, await readEventFile(env['GITHUB_EVENT_PATH']))
  const deps = cliDeps(terminal)
  const onSecret = (secret: string) => maskSecret(secret, terminal)
  const given = { accessToken: env['FORKPROOF_ACCESS_TOKEN'], idToken: env['FORKPROOF_ID_TOKEN'] }
  if (!given.accessToken && !given.idToken && (await hasBegunClaim(env))) {
    const { timeoutMs } = settings
    const { jwt } = await finishToken({ timeoutMs, stateFile: undefined }, where, env, deps)
    onSecret(jwt)
    return obtainAccess(where, { ...settings, place: 'one step', given: { ...given, idToken: jwt } }, deps, onSecret)
  }
  return obtainAccess(where, { ...settings, place: 'one step', given }, deps, onSecret)
}
