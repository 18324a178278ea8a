import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What bounds a builder. */
const bounding = ['cpu', 'memory', 'pids'] as const
/** Version 1 only: runc starts no step without it. */
const alsoNeeded = ['devices'] as const
type Controller = (typeof bounding)[number] | (typeof alsoNeeded)[number]

/** One tree of cgroups that holds controllers we need. */
export interface Hierarchy {
  readonly version: 1 | 2
  readonly mountPoint: string
  readonly controllers: readonly Controller[]
  /** As the kernel wants it named in a mount of version 1: all controllers that share it. */
  readonly mountedAs: string
}

interface Hierarchies {
  readonly found: readonly Hierarchy[]
  /** Bounding controllers that are in none. */
  readonly missing: readonly string[]
}

interface MountedTree {
  readonly version: 1 | 2
  readonly mountPoint: string
  readonly names: readonly string[]
}

const controllersOfVersion1 = new Set(
  'blkio cpu cpuacct cpuset devices freezer hugetlb memory misc net_cls net_prio perf_event pids rdma'.split(' '),
)

/** Which trees to use, version 2 first. Pure; `trees` are those that are mounted. */
export function chooseHierarchies(trees: readonly MountedTree[]): Hierarchies {
  const unified = trees.find(({ version }) => version === 2)
  const inUnified = bounding.filter(name => unified?.names.includes(name))
  const common = { version: 2, mountPoint: unified?.mountPoint ?? '', controllers: inUnified, mountedAs: '' } as const
  if (inUnified.length === bounding.length) return { found: [common], missing: [] }
  const inOwn = [...bounding, ...alsoNeeded].filter(name => !inUnified.some(one => one === name))
  const own = trees.flatMap(({ version, mountPoint, names }): Hierarchy[] => {
    const controllers = inOwn.filter(name => names.includes(name))
    if (version === 2 || controllers.length === 0) return []
    return [{ version, mountPoint, controllers, mountedAs: names.join(',') }]
  })
  const found = inUnified.length > 0 ? [common, ...own] : own
  return { found, missing: bounding.filter(name => !found.some(tree => tree.controllers.some(one => one === name))) }
}

/** From a text such as /proc/self/mounts. */
export function mountedTrees(mounts: string): readonly MountedTree[] {
  const trees = mounts.split('\n').flatMap((line): MountedTree[] => {
    const [, mountPoint = '', type = '', options = ''] = line.split(' ')
    if (type === 'cgroup2') return [{ version: 2, mountPoint, names: [] }]
    const names = options.split(',').filter(option => controllersOfVersion1.has(option))
    return type === 'cgroup' && names.length > 0 ? [{ version: 1, mountPoint, names }] : []
  })
  // A tree may be mounted twice; any one of them will do.
  return trees.filter((tree, at) => trees.findIndex(other => sameTree(tree, other)) === at)
}

const sameTree = (one: MountedTree, other: MountedTree): boolean =>
  one.version === other.version && one.names.join() === other.names.join()

export async function findHierarchies(): Promise<Hierarchies> {
  const trees = mountedTrees(await readFile('/proc/self/mounts', 'utf8'))
  const withNames = trees.map(async tree => {
    if (tree.version === 1) return tree
    const names = await readFile(join(tree.mountPoint, 'cgroup.controllers'), 'utf8').catch(() => '')
    return { ...tree, names: names.trim().split(/\s+/) }
  })
  return chooseHierarchies(await Promise.all(withNames))
}
