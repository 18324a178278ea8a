import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BuilderId } from '@forkproof/contracts/ids'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cgroups } from './cgroups.ts'

const id = BuilderId.parse('baaaaaaaaaaa')
const someLimits = { cpus: 1.5, memoryBytes: 2 ** 30, pids: 300, diskBytes: 1 }
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkproof-cgroups-'))
})
afterEach(() => rm(folder, { recursive: true }))

const text = (...parts: string[]) => readFile(join(folder, ...parts), 'utf8')

describe('bounds of a builder', () => {
  it('are written as version 1 wants them', async () => {
    const tree = (name: 'cpu' | 'memory' | 'pids') =>
      ({ version: 1, mountPoint: join(folder, name), controllers: [name], mountedAs: name }) as const
    await new Cgroups([tree('cpu'), tree('memory'), tree('pids')], 'forkproof/node').create(id, someLimits)
    expect(await text('cpu/forkproof/node', id, 'cpu.cfs_quota_us')).toBe('150000')
    expect(await text('cpu/forkproof/node', id, 'cpu.cfs_period_us')).toBe('100000')
    expect(await text('memory/forkproof/node', id, 'memory.limit_in_bytes')).toBe('1073741824')
    expect(await text('memory/forkproof/node', id, 'memory.memsw.limit_in_bytes')).toBe('1073741824')
    expect(await text('pids/forkproof/node', id, 'pids.max')).toBe('300')
  })

  it('are written as version 2 wants them, and every folder above passes the controllers on', async () => {
    const above = [folder, join(folder, 'forkproof'), join(folder, 'forkproof/node')]
    for (const one of above) {
      await mkdir(one, { recursive: true })
      await writeFile(join(one, 'cgroup.subtree_control'), 'io\n')
    }
    const tree = { version: 2, mountPoint: folder, controllers: ['cpu', 'memory', 'pids'], mountedAs: '' } as const
    await new Cgroups([tree], 'forkproof/node').create(id, someLimits)
    for (const one of above)
      expect(await readFile(join(one, 'cgroup.subtree_control'), 'utf8')).toBe('+cpu +memory +pids')
    expect(await text('forkproof/node', id, 'cpu.max')).toBe('150000 100000')
    expect(await text('forkproof/node', id, 'memory.max')).toBe('1073741824')
    expect(await text('forkproof/node', id, 'memory.swap.max')).toBe('0')
    expect(await text('forkproof/node', id, 'pids.max')).toBe('300')
    await expect(text('forkproof/node', id, 'cgroup.subtree_control')).rejects.toThrow('ENOENT')
  })
})

describe('cgroups of builders', () => {
  const cgroups = () =>
    new Cgroups([{ version: 1, mountPoint: folder, controllers: ['devices'], mountedAs: 'devices' }], 'forkproof/node')

  it('are found by the ids of builders, whatever else is there', async () => {
    await cgroups().create(id, someLimits)
    await mkdir(join(folder, 'forkproof/node/else'))
    expect(await cgroups().builders()).toEqual([id])
    expect(await cgroups().present(id)).toEqual([join(folder, 'forkproof/node', id)])
  })

  it('are removed with all below them and empty folders above, and not those of another', async () => {
    const other = BuilderId.parse('bbbbbbbbbbbb')
    await cgroups().create(id, someLimits)
    await cgroups().create(other, someLimits)
    await mkdir(join(folder, 'forkproof/node', id, 'buildkit/step'), { recursive: true })
    await cgroups().remove(id)
    expect(await cgroups().builders()).toEqual([other])
    await cgroups().remove(other)
    expect(await readdir(folder)).toEqual([])
  })

  it.each<[whose: string, lines: string, builder: string | undefined]>([
    ['the builder’s', '4:pids:/forkproof/node/baaaaaaaaaaa', id],
    ['below the builder’s', '4:pids:/forkproof/node/baaaaaaaaaaa/buildkit/step', id],
    ['the builder’s in one tree of several', '9:cpu:/\n4:pids:/forkproof/node/baaaaaaaaaaa\n0::/', id],
    ['of a builder of another node', '4:pids:/forkproof/other/bbbbbbbbbbbb', 'bbbbbbbbbbbb'],
    ['below the folder of a container', '4:pids:/docker/c0ffee/forkproof/node/baaaaaaaaaaa', id],
    ['above the tree that is seen', '0::/../../forkproof/node/baaaaaaaaaaa', id],
    ['on its way out', '4:pids:/forkproof/node/baaaaaaaaaaa (deleted)', undefined],
    ['of a longer name', '4:pids:/forkproof/node/baaaaaaaaaaaa', undefined],
    ['of the node alone', '4:pids:/forkproof/node', undefined],
    ['of nobody', '9:cpu:/\n0::/user.slice', undefined],
    ['of something else with a builder’s name', '4:pids:/baaaaaaaaaaa/node/else', undefined],
    ['not there', '', undefined],
  ])('tell whose a process is: %s', (_whose, lines, builder) => {
    expect(cgroups().builderOf(lines)).toBe(builder)
  })

  it('that are not there have no process and are no error', async () => {
    expect(await cgroups().processes(id)).toEqual([])
    expect(await cgroups().present(id)).toEqual([])
    expect(await cgroups().builders()).toEqual([])
    await cgroups().remove(id)
  })

  it('tell how often memory was short, in either version', async () => {
    await cgroups().create(id, someLimits)
    expect(await cgroups().memoryKills(id)).toBe(0)
    const at = join(folder, 'forkproof/node', id)
    await writeFile(join(at, 'memory.events'), 'low 0\nmax 8\noom 2\noom_kill 3\n')
    expect(await cgroups().memoryKills(id)).toBe(3)
    await rm(join(at, 'memory.events'))
    await writeFile(join(at, 'memory.oom_control'), 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n')
    expect(await cgroups().memoryKills(id)).toBe(1)
  })
})
