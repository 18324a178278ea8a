import { describe, expect, it } from 'vitest'
import { chooseHierarchies, mountedTrees } from './cgroup-hierarchies.ts'

const withUnified = (mounts: string, names: string[]) =>
  chooseHierarchies(mountedTrees(mounts).map(tree => (tree.version === 2 ? { ...tree, names } : tree)))

const hybrid = `
tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/devices cgroup rw,relatime,devices 0 0
cgroup /sys/fs/cgroup/freezer cgroup rw,relatime,freezer 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,xattr,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`

describe('cgroup trees', () => {
  it('are those of version 1 where the unified one bounds nothing, with the names that they are mounted by', () => {
    const { found, missing } = withUnified(hybrid, ['hugetlb'])
    expect(missing).toEqual([])
    expect(found.map(({ version, mountedAs }) => [version, mountedAs])).toEqual([
      [1, 'cpu,cpuacct'],
      [1, 'memory'],
      [1, 'devices'],
      [1, 'pids'],
    ])
  })

  it('are the unified one alone where it bounds everything', () => {
    const { found, missing } = withUnified('cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0', [
      'cpuset',
      'cpu',
      'io',
      'memory',
      'pids',
    ])
    expect(missing).toEqual([])
    expect(found).toEqual([
      { version: 2, mountPoint: '/sys/fs/cgroup', controllers: ['cpu', 'memory', 'pids'], mountedAs: '' },
    ])
  })

  it('are both where each bounds a part', () => {
    const { found, missing } = withUnified(hybrid.replace(/.*memory.*\n/, ''), ['memory'])
    expect(missing).toEqual([])
    expect(found.map(({ version }) => version)).toEqual([2, 1, 1, 1])
  })

  it.each([
    ['nothing is mounted', '', [], ['cpu', 'memory', 'pids']],
    [
      'only the one of systemd is',
      'cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0',
      [],
      ['cpu', 'memory', 'pids'],
    ],
    ['the unified one has no pids', 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0', ['cpu', 'memory'], ['pids']],
    ['memory is not there', hybrid.replace(/.*memory.*\n/, ''), [], ['memory']],
    ['it is another kind of file system', hybrid.replaceAll(' cgroup ', ' tmpfs '), [], ['cpu', 'memory', 'pids']],
  ])('are named as missing where %s', (_, mounts, names, expected) => {
    expect(withUnified(mounts, names).missing).toEqual(expected)
  })
})
