import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@forkproof/infra/log'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { lockFolder } from './folder-lock.ts'
import { openRecordFolder } from './record-folder.ts'

const schema = z.strictObject({ name: z.string(), turn: z.int() })
const folders: string[] = []
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'records-'))
  folders.push(folder)
  return folder
}
const open = (folder: string) => openRecordFolder({ folder, schema, log: silentLogger })

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

describe('a record folder', () => {
  it('gives another process what was saved', async () => {
    const folder = join(await newFolder(), 'deep', 'down')
    const records = await open(folder)
    await records.save('a', { name: 'a', turn: 1 })
    await records.save('b', { name: 'b', turn: 1 })
    await records.remove('b')
    expect(await (await open(folder)).load()).toEqual([{ name: 'a', turn: 1 }])
  })

  it('ends with the newest of changes that come at once', async () => {
    const folder = await newFolder()
    const records = await open(folder)
    await Promise.all(Array.from({ length: 50 }, (_, turn) => records.save('a', { name: 'a', turn })))
    expect(await records.load()).toEqual([{ name: 'a', turn: 49 }])
    await Promise.all([records.save('a', { name: 'a', turn: 50 }), records.remove('a')])
    expect(await records.load()).toEqual([])
  })

  it('leaves nothing half written where a record is looked for', async () => {
    const folder = await newFolder()
    const records = await open(folder)
    await records.save('a', { name: 'a', turn: 1 })
    await writeFile(join(folder, 'a.json.new'), '{"name":')
    expect(await records.load()).toEqual([{ name: 'a', turn: 1 }])
  })

  it('removes what a killed process had half written, also of records that nobody has', async () => {
    const folder = await newFolder()
    const records = await open(folder)
    await records.save('a', { name: 'a', turn: 1 })
    await writeFile(join(folder, 'a.json.new'), '{"name":')
    await writeFile(join(folder, 'gone.json.new'), '{"name":"gone","turn":1}')
    expect(await (await open(folder)).load()).toEqual([{ name: 'a', turn: 1 }])
    expect(await readdir(folder)).toEqual(['a.json'])
  })

  it.each([
    '',
    '{"name":',
    '{"name":"a"}',
    '{"name":"a","turn":1,"more":1}',
    `{"name":"${'x'.repeat(200_000)}","turn":1}`,
  ])('sets aside what is no record: %.30s', async text => {
    const folder = await newFolder()
    const records = await open(folder)
    await writeFile(join(folder, 'a.json'), text)
    await records.save('b', { name: 'b', turn: 1 })
    expect(await records.load()).toEqual([{ name: 'b', turn: 1 }])
    expect(await readdir(folder)).toContain('a.json.bad')
    expect(await readFile(join(folder, 'a.json.bad'), 'utf8')).toBe(text)
  })

  it('tells who saves that it did not work, and works again afterwards', async () => {
    const folder = await newFolder()
    const records = await open(folder)
    await rm(folder, { recursive: true })
    await expect(records.save('a', { name: 'a', turn: 1 })).rejects.toThrow()
    await open(folder)
    await chmod(folder, 0o700)
    await records.save('a', { name: 'a', turn: 2 })
    expect(await records.load()).toEqual([{ name: 'a', turn: 2 }])
  })
})

describe('the lock of a folder', () => {
  it('is had by one at a time', async () => {
    const folder = await newFolder()
    const unlock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toThrow('another provisioner uses this state folder')
    await unlock()
    await (await lockFolder(folder))()
  })

  it('is not another folder’s', async () => {
    const unlocks = [await lockFolder(await newFolder()), await lockFolder(await newFolder())]
    for (const unlock of unlocks) await unlock()
    expect(unlocks).toHaveLength(2)
  })
})
