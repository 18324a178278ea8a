import { describe, expect, it } from 'vitest'
import { type MountOptions, mountTable } from './mount-table.ts'

const version1 = [
  { version: 1, mountPoint: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu'], mountedAs: 'cpu,cpuacct' },
  { version: 1, mountPoint: '/sys/fs/cgroup/memory', controllers: ['memory'], mountedAs: 'memory' },
] as const
const inputs: MountOptions = {
  root: '/s/builders/b/root',
  template: '/s/skeleton-1',
  etc: '/s/builders/b/etc',
  socketFolder: '/s/builders/b/socket',
  disk: '/s/builders/b/disk.img',
  kept: false,
  firstUser: 1_879_048_192,
  shown: { '/usr': '/usr', '/forkproof/bin/runc': '/opt/a tool/runc' },
  devices: ['null'],
  hierarchies: version1,
}
const fields = (more: Partial<MountOptions> = {}) =>
  mountTable({ ...inputs, ...more })
    .trimEnd()
    .split('\n')
    .map(line => line.split(' '))

describe('a builder’s mount table', () => {
  it('has six fields in every line and every target below the builder’s root', () => {
    for (const line of fields()) {
      expect(line).toHaveLength(6)
      expect(line[1]).toMatch(/^\/s\/builders\/b\/root(\/|$)/)
    }
  })

  it('lets nothing of the machine be written, run with other rights or taken as a device', () => {
    const writable = fields().filter(([, , , options]) => !options?.split(',').includes('ro'))
    expect(writable.map(([, target]) => target?.replace('/s/builders/b/root', ''))).toEqual([
      '/proc',
      '/sys/fs/cgroup',
      '/dev/null',
      '/dev/shm',
      '/tmp',
      '/run',
      '/forkproof/socket',
      '/forkproof/state',
    ])
    for (const [, target, , options] of fields()) {
      expect(options).toContain('nosuid')
      if (!target?.endsWith('/dev/null')) expect(options).toContain('nodev')
    }
  })

  it('bounds every file system that is memory', () => {
    for (const [, , type, options] of fields()) if (type === 'tmpfs') expect(options).toMatch(/size=[1-9]/)
  })

  it('writes through to the machine’s disk only what is kept', () => {
    expect(fields().at(-1)?.[3]).toContain('barrier=0')
    expect(fields({ kept: true }).at(-1)?.[3]).not.toContain('barrier')
  })

  it('begins with the root, so that nothing is covered by it', () => {
    expect(fields()[0]?.[0]).toBe('/s/skeleton-1')
  })

  it('escapes what would end a field or begin a comment', () => {
    expect(fields().find(([, target]) => target?.endsWith('runc'))?.[0]).toBe('/opt/a\\040tool/runc')
    const odd = fields({ disk: '/s/#1\t\\x\n/disk.img' }).at(-1)
    expect(odd?.[0]).toBe('/s/\\0431\\011\\134x\\012/disk.img')
  })

  it('shows cgroups of version 1 by the names of their trees, and of version 2 as one tree', () => {
    const of = (more: Partial<MountOptions>) => fields(more).filter(([, , type]) => type?.startsWith('cgroup'))
    expect(of({}).map(([, target]) => target)).toEqual([
      '/s/builders/b/root/sys/fs/cgroup/cpu,cpuacct',
      '/s/builders/b/root/sys/fs/cgroup/memory',
    ])
    const unified = { version: 2, mountPoint: '/sys/fs/cgroup', controllers: ['cpu'], mountedAs: '' } as const
    expect(of({ hierarchies: [unified] }).map(([, target, type]) => [target, type])).toEqual([
      ['/s/builders/b/root/sys/fs/cgroup', 'cgroup2'],
    ])
  })
})
