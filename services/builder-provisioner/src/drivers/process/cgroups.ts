import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BuilderId } from '@forkproof/contracts/ids'
import { ifVanished } from '../../host/absence.ts'
import type { BuilderLimits } from '../driver.ts'
import type { Hierarchy } from './cgroup-hierarchies.ts'

/** CPU time is dealt out per this many microseconds. */
const periodMicroseconds = 100_000
const makeAttemptsMax = 5

/** One cgroup per builder in every tree, below a folder of this node: the boundary that a builder cannot change. */
export class Cgroups {
  readonly #hierarchies: readonly Hierarchy[]
  /** Path of the node's folder in each tree. */
  readonly #node: string

  constructor(hierarchies: readonly Hierarchy[], node: string) {
    this.#hierarchies = hierarchies
    this.#node = node
  }

  foldersOf(builderId: BuilderId): readonly string[] {
    return this.#hierarchies.map(tree => join(tree.mountPoint, this.#node, builderId))
  }

  async create(builderId: BuilderId, limits: BuilderLimits): Promise<void> {
    for (const tree of this.#hierarchies) {
      const folder = join(tree.mountPoint, this.#node, builderId)
      await makeFolder(folder)
      if (tree.version === 2) await passOn(tree, folder)
      for (const [file, value, optional] of boundsOf(tree, limits)) {
        const write = writeFile(join(folder, file), String(value))
        await (optional ? write.catch(() => {}) : write)
      }
    }
  }

  /** Removes what is empty; a cgroup that still has a process stays and shows in `present`. */
  async remove(builderId: BuilderId): Promise<void> {
    for (const folder of this.foldersOf(builderId)) {
      await removeTree(folder)
      // The node's own folder goes with the last builder; fails harmlessly before.
      await rmdir(dirname(folder)).catch(() => {})
      await rmdir(dirname(dirname(folder))).catch(() => {})
    }
  }

  async present(builderId: BuilderId): Promise<readonly string[]> {
    const found = this.foldersOf(builderId).map(folder => stat(folder).then(() => [folder], ifVanished<string[]>([])))
    return (await Promise.all(found)).flat()
  }

  async builders(): Promise<readonly BuilderId[]> {
    const names = this.#hierarchies.map(tree => readdir(join(tree.mountPoint, this.#node)).catch(ifVanished([])))
    return (await Promise.all(names)).flat().flatMap(name => BuilderId.safeParse(name).data ?? [])
  }

  /** Processes of the builder, zombies included for a moment on their way out. */
  async processes(builderId: BuilderId): Promise<readonly number[]> {
    const lists = this.foldersOf(builderId).map(folder =>
      readFile(join(folder, 'cgroup.procs'), 'utf8').catch(ifVanished('')),
    )
    const pids = (await Promise.all(lists)).flatMap(text => text.split('\n').filter(line => line !== ''))
    return [...new Set(pids)].map(Number)
  }

  /**
   * The builder in whose cgroup a process is, of this node or of another on the machine. `lines` are those of its
   * `/proc/<pid>/cgroup`, `<number>:<controllers>:<path>` (cgroups(7)).
   */
  builderOf(lines: string): BuilderId | undefined {
    const above = segmentsOf(dirname(this.#node))
    for (const line of lines.split('\n')) {
      const path = segmentsOf(line.split(':').slice(2).join(':'))
      // Our folder need not be the first: the path may begin above the tree that is mounted here.
      const at = path.findIndex((_, start) => above.every((name, step) => path[start + step] === name))
      const found = BuilderId.safeParse(path[at + above.length + 1])
      if (at >= 0 && found.success) return found.data
    }
    return undefined
  }

  /** How many processes the kernel has killed for want of memory. */
  async memoryKills(builderId: BuilderId): Promise<number> {
    const files = this.foldersOf(builderId).flatMap(folder =>
      ['memory.events', 'memory.oom_control'].map(name => join(folder, name)),
    )
    const texts = await Promise.all(files.map(file => readFile(file, 'utf8').catch(ifVanished(''))))
    return Math.max(0, ...texts.map(text => Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)))
  }
}

const segmentsOf = (path: string): readonly string[] => path.split('/').filter(name => name !== '' && name !== '.')

/** A folder above may be removed by the end of another builder just when this one is made. */
async function makeFolder(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await mkdir(folder, { recursive: true })
      return
    } catch (error) {
      if (attempt === makeAttemptsMax) throw error
    }
  }
}

type CgroupBound = readonly [file: string, value: string | number, optional?: true]

function boundsOf(tree: Hierarchy, { cpus, memoryBytes, pids }: BuilderLimits): readonly CgroupBound[] {
  const quota = Math.round(cpus * periodMicroseconds)
  const all: Record<string, readonly CgroupBound[]> =
    tree.version === 2
      ? {
          cpu: [['cpu.max', `${quota} ${periodMicroseconds}`]],
          memory: [
            ['memory.max', memoryBytes],
            ['memory.swap.max', 0, true],
          ],
          pids: [['pids.max', pids]],
        }
      : {
          cpu: [
            ['cpu.cfs_period_us', periodMicroseconds],
            ['cpu.cfs_quota_us', quota],
          ],
          // The second counts swap in: the same figure, so none on top. Absent where swap is not accounted.
          memory: [
            ['memory.limit_in_bytes', memoryBytes],
            ['memory.memsw.limit_in_bytes', memoryBytes, true],
          ],
          pids: [['pids.max', pids]],
        }
  return tree.controllers.flatMap(name => all[name] ?? [])
}

/** In version 2 a folder has only the controllers that every folder above passes on. */
async function passOn(tree: Hierarchy, folder: string): Promise<void> {
  const enabled = tree.controllers.map(name => `+${name}`).join(' ')
  const above: string[] = []
  for (let at = dirname(folder); at.startsWith(tree.mountPoint); at = dirname(at)) above.unshift(at)
  for (const one of above) {
    const file = join(one, 'cgroup.subtree_control')
    const passed = (await readFile(file, 'utf8')).trim().split(/\s+/)
    if (!tree.controllers.every(name => passed.includes(name))) await writeFile(file, enabled)
  }
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ifVanished([]))
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  await rmdir(folder).catch(() => {})
}
