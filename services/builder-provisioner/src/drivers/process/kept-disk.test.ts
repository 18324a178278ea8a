import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BuilderId, ProjectId } from '@forkproof/contracts/ids'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BuilderSpec } from '../driver.ts'
import { findKeptDisk, keptUsers, newKeptDisk } from './kept-disk.ts'

const keptProjectId = ProjectId.parse('prj_aaaaaaaaaaaaaaaa')
const spec = (more: Partial<BuilderSpec> = {}): BuilderSpec => ({
  builderId: BuilderId.parse('baaaaaaaaaaa'),
  platform: 'linux/amd64',
  egress: 'none',
  kind: { class: 'project', projectId: keptProjectId },
  limits: { cpus: 1, memoryBytes: 1, pids: 1, diskBytes: 1 },
  endsAtMs: 0,
  ...more,
})
let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'forkproof-kept-'))
})
afterEach(() => rm(cache, { recursive: true }))

const put = async (project: string, name: string) => {
  await mkdir(join(cache, project), { recursive: true })
  await writeFile(join(cache, project, name), '')
}

describe('a project’s disk', () => {
  it('is found again with the users that own it', async () => {
    const made = newKeptDisk(cache, spec(), 1_879_048_192)
    expect(made?.image).toBe(join(cache, keptProjectId, 'process-linux-amd64-1879048192.img'))
    await put(keptProjectId, 'process-linux-amd64-1879048192.img')
    expect(await findKeptDisk(cache, spec())).toEqual(made)
  })

  it('is that of its project, platform and driver only', async () => {
    await put('prj_bbbbbbbbbbbbbbbb', 'process-linux-amd64-1879048192.img')
    await put(keptProjectId, 'process-linux-arm64-1879048192.img')
    await put(keptProjectId, 'docker-linux-amd64-1879048192.img')
    await put(keptProjectId, 'process-linux-amd64-1879048192.img.new')
    await put(keptProjectId, 'process-linux-amd64-0.img')
    expect(await findKeptDisk(cache, spec())).toBeUndefined()
  })

  it('is never an ephemeral builder’s', async () => {
    await put(keptProjectId, 'process-linux-amd64-1879048192.img')
    const ephemeral = spec({ kind: { class: 'ephemeral' } })
    expect(await findKeptDisk(cache, ephemeral)).toBeUndefined()
    expect(newKeptDisk(cache, ephemeral, 1_879_048_192)).toBeUndefined()
  })

  it('keeps its users from every other builder', async () => {
    await put(keptProjectId, 'process-linux-amd64-1879048192.img')
    await put('prj_bbbbbbbbbbbbbbbb', 'process-linux-arm64-1879113728.img')
    await put('prj_bbbbbbbbbbbbbbbb', 'docker-linux-arm64-5.img')
    expect((await keptUsers(cache)).toSorted()).toEqual([1_879_048_192, 1_879_113_728])
    expect(await keptUsers(join(cache, 'nowhere'))).toEqual([])
  })
})
