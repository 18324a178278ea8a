import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BuilderId, ProjectId } from '@forkproof/contracts/ids'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BuilderSpec } from '../driver.ts'
import { keptStateOf, leaveKeptState, takeKeptState } from './kept-state.ts'

const first = BuilderId.parse('baaaaaaaaaaa')
const second = BuilderId.parse('bbbbbbbbbbbb')
const owner = { uid: 231072, gid: 231072 }
const spec: BuilderSpec = {
  builderId: first,
  platform: 'linux/amd64',
  egress: 'none',
  kind: { class: 'project', projectId: ProjectId.parse('prj_abcdefghijklmnop') },
  limits: { cpus: 1, memoryBytes: 1, pids: 1, diskBytes: 1 },
  endsAtMs: 0,
}
const lives = async () => true
const isHolderGone = async () => false

describe('the kept state of a project', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forkproof-kept-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const keptIn = (name: string, of: BuilderSpec = spec, by = owner) => {
    const kept = keptStateOf(join(folder, name), of, by)
    if (kept === undefined) throw new Error('no state')
    return kept
  }

  it('is none for an ephemeral builder', () => {
    expect(keptStateOf(folder, { ...spec, kind: { class: 'ephemeral' } }, owner)).toBeUndefined()
  })

  it('is another for another project, platform or range of user ids', () => {
    const other = ProjectId.parse('prj_ponmlkjihgfedcba')
    const images = [
      keptIn('a').image,
      keptIn('a', { ...spec, kind: { class: 'project', projectId: other } }).image,
      keptIn('a', { ...spec, platform: 'linux/arm64' }).image,
      keptIn('a', spec, { uid: 300_000, gid: 300_000 }).image,
    ]
    expect(new Set(images).size).toBe(images.length)
  })

  it('has one holder at a time', async () => {
    const kept = keptIn('one')
    await takeKeptState(kept, first, lives)
    await expect(takeKeptState(kept, second, lives)).rejects.toThrow('EEXIST')
    await leaveKeptState(kept.lock, first)
    await takeKeptState(kept, second, lives)
  })

  it('is not freed by a builder that does not hold it', async () => {
    const kept = keptIn('foreign')
    await takeKeptState(kept, first, lives)
    await leaveKeptState(kept.lock, second)
    expect(await readFile(kept.lock, 'utf8')).toBe(first)
  })

  it('is taken over from a holder that is over', async () => {
    const kept = keptIn('over')
    await takeKeptState(kept, first, lives)
    await takeKeptState(kept, second, isHolderGone)
    expect(await readFile(kept.lock, 'utf8')).toBe(second)
  })

  it('may be left twice and when it was never taken', async () => {
    const kept = keptIn('never')
    await leaveKeptState(kept.lock, first)
    await leaveKeptState(kept.lock, first)
  })
})
