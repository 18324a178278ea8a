import { ProcessDriver, type ProcessDriverOptions } from '@forkproof/builder-provisioner/drivers/process/process-driver'
import { mebibyte } from '@forkproof/builder-provisioner/drivers/testing/driver-harness'
import { inject } from 'vitest'
import { temporaryFolder } from '../temporary-folder.ts'
import { machineInventory } from './machine-inventory.ts'

/** Folders and names of a process driver that no other suite has. */
export async function openProcessDriverHarness(more: Partial<ProcessDriverOptions> = {}) {
  const stateFolder = await temporaryFolder()
  const { buildkitd, runc } = inject('programs')
  const cgroup = `/forkproof-test-${process.pid}`
  const options: ProcessDriverOptions = {
    stateFolder,
    programs: { buildkitd, runc },
    cgroup,
    users: { first: 1_879_048_192, count: 1_000 },
    projectDiskBytes: 256 * mebibyte,
    ...more,
  }
  return {
    stateFolder,
    options,
    openDriver: () => new ProcessDriver(options),
    inventory: () =>
      machineInventory({
        words: [stateFolder, cgroup],
        folders: [stateFolder],
        ignored: /\/(builders|cache|skeleton-[0-9a-f]+.*)$/,
      }),
  }
}
