import type { AccessToken } from '@forkproof/contracts/ids'
import { obtainAccess } from '../building/obtain-access.ts'
import { readEventFile } from '../environment/event-file.ts'
import { recogniseRun } from '../environment/run-environment.ts'
import type { CliBuildSettings } from './build-arguments.ts'
import { type CliTerminal, cliDeps, maskSecret } from './terminal.ts'

/** Gets the right to build for the run that this process belongs to. @throws ClaimFailure */
export async function obtainCliAccess(settings: CliBuildSettings, terminal: CliTerminal): Promise<AccessToken> {
  const { env } = terminal
  const where = recogniseRun(env, await readEventFile(env['GITHUB_EVENT_PATH']))
  const given = { accessToken: env['FORKPROOF_ACCESS_TOKEN'], idToken: env['FORKPROOF_ID_TOKEN'] }
  return obtainAccess(where, { ...settings, given }, cliDeps(terminal), secret => maskSecret(secret, terminal))
}
