import { makeServiceKeys } from '@forkproof/deployment/service-keys'
import { openStateFolder } from '@forkproof/local/processes/state-folder'
import { Supervisor } from '@forkproof/local/processes/supervisor'
import { freePortSet } from '@forkproof/local/running/free-ports'
import { LocalSystem, type LocalSystemOptions } from '@forkproof/local/running/local-system'
import { Progress } from '@forkproof/local/tools/progress'
import { inject } from 'vitest'
import { afterFile } from './after-file.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** The local system for one test file, on free ports, in a folder of its own, not started yet; ended after the file. */
export async function unstartedSystem(
  options: Pick<LocalSystemOptions, 'actions' | 'extra' | 'without'> = {},
): Promise<LocalSystem> {
  const state = await openStateFolder(await temporaryFolder(), 'FORKPROOF_STATE_FOLDER')
  const supervisor = await Supervisor.open(state.logs)
  afterFile(async () => {
    await supervisor.stopAll()
    await state.release()
  })
  return new LocalSystem({
    ...options,
    ports: await freePortSet(),
    state,
    supervisor,
    programs: inject('programs'),
    keys: makeServiceKeys(),
    progress: new Progress({ line: () => undefined }),
    headless: true,
  })
}
