import type { AccessToken } from '@forkproof/contracts/ids'
import { obtainAccess } from '../building/obtain-access.ts'
import { readEventFile } from '../environment/event-file.ts'
import { recogniseRun } from '../environment/run-environment.ts'
import type { CliBuildSettings } from './build-arguments.ts'
import { cliPorts, mask, type Terminal } from './terminal.ts'

/** The right to build of the run that this process is part of. @throws ClaimFailure */
export async function accessOfRun(settings: CliBuildSettings, terminal: Terminal): Promise<AccessToken> {
  const { env } = terminal
  const where = recogniseRun(env, await readEventFile(env['GITHUB_EVENT_PATH']))
  const given = { accessToken: env['FORKPROOF_ACCESS_TOKEN'], idToken: env['FORKPROOF_ID_TOKEN'] }
  return obtainAccess(where, { ...settings, given }, cliPorts(terminal), secret => mask(secret, terminal))
}
