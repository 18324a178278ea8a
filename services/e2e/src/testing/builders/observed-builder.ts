import { readdir } from 'node:fs/promises'
import { processOwners, readProcess } from '@forkproof/builder-provisioner/drivers/process/process-table'
import { linkName } from '@forkproof/builder-provisioner/network/network'
import { BuilderId } from '@forkproof/contracts/ids'
import { commandLineOf } from '../process-tree.ts'
import { machineInventory } from './machine-inventory.ts'

/** Process numbers of those within cgroups of this name whose command line has these words. */
export async function pidsWithin(cgroup: string, words = ''): Promise<readonly number[]> {
  const all = (await processOwners()).flatMap(({ pid }) => readProcess(pid) ?? [])
  const own = all.filter(({ cgroups }) => cgroups.includes(cgroup))
  return own.map(({ pid }) => pid).filter(pid => commandLineOf(pid).includes(words))
}

/** One builder as the operating system shows it, whether or not its provisioner lives. */
export class ObservedBuilder {
  readonly id: BuilderId
  readonly #folder: string

  /** `folder` holds a folder for each builder. @throws when the build has no builder */
  constructor({ platforms: [first] }: { readonly platforms: readonly object[] }, folder: string) {
    this.id = BuilderId.parse(first && 'builderId' in first ? first.builderId : undefined)
    this.#folder = folder
  }

  pids = (words = ''): Promise<readonly number[]> => pidsWithin(this.id, words)

  /** All that the machine holds of it. */
  async traces(): Promise<readonly string[]> {
    const [found, names] = await Promise.all([
      machineInventory({ words: [this.id], folders: [] }),
      readdir(this.#folder),
    ])
    // Other suites make links meanwhile; a link bears its builder's name.
    const own = found.filter(trace => !trace.startsWith('link ') || trace === `link ${linkName(this.id)}`)
    return [...own, ...names.filter(name => name === this.id).map(name => `folder ${name}`)]
  }
}
