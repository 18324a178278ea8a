import { createHash } from 'node:crypto'
import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { findHierarchies, type Hierarchy } from './cgroup-hierarchies.ts'
import { Cgroups } from './cgroups.ts'

/** Where builders are on this machine. */
export interface ProcessHost {
  readonly stateFolder: string
  readonly builders: string
  readonly cache: string
  readonly hierarchies: readonly Hierarchy[]
  readonly cgroups: Cgroups
}

export async function readProcessHost(stateFolder: string, cgroup: string): Promise<ProcessHost> {
  await mkdir(join(stateFolder, 'builders'), { recursive: true, mode: 0o700 })
  await mkdir(join(stateFolder, 'cache'), { recursive: true, mode: 0o700 })
  // As the kernel names it: loop devices are found by the path of their file.
  const real = await realpath(stateFolder)
  const { found } = await findHierarchies()
  // Several provisioners may share a machine; each sees and removes only what is below its own.
  const node = createHash('sha256').update(real).digest('hex').slice(0, 12)
  const cgroups = new Cgroups(found, join(cgroup, node))
  return {
    stateFolder: real,
    builders: join(real, 'builders'),
    cache: join(real, 'cache'),
    hierarchies: found,
    cgroups,
  }
}
