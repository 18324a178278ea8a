import { inject } from 'vitest'
import { openStateFolder } from '../../processes/state-folder.ts'
import { Supervisor } from '../../processes/supervisor.ts'
import { Constellation, type ConstellationOptions } from '../../running/constellation.ts'
import { freePortSet } from '../../running/free-ports.ts'
import { makeServiceKeys } from '../../running/service-keys.ts'
import { Progress } from '../../tools/progress.ts'
import { afterFile } from './after-file.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** The system for one test file, on free ports and in a folder of its own, with nothing of it started; ended after the file. */
export async function unstartedConstellation(
  options: Pick<ConstellationOptions, 'actions' | 'extra' | 'without'> = {},
): Promise<Constellation> {
  const state = await openStateFolder(await temporaryFolder(), 'FORKPROOF_STATE_FOLDER')
  const supervisor = await Supervisor.open(state.logs)
  afterFile(async () => {
    await supervisor.stopAll()
    await state.release()
  })
  return new Constellation({
    ...options,
    ports: await freePortSet(),
    state,
    supervisor,
    programs: inject('programs'),
    keys: makeServiceKeys(),
    progress: new Progress(() => undefined),
    headless: true,
  })
}
