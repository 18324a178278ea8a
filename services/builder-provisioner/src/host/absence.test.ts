import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ifAbsent, ifVanished } from './absence.ts'

const failing = (code: string) => Promise.reject(Object.assign(new Error(code), { code }))

it('a file that is not there gives the value, whether or not its folder is one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forkproof-absence-'))
  await writeFile(join(folder, 'file'), '')
  expect(await readFile(join(folder, 'absent'), 'utf8').catch(ifAbsent('none'))).toBe('none')
  expect(await readFile(join(folder, 'file', 'below'), 'utf8').catch(ifAbsent('none'))).toBe('none')
  await rm(folder, { recursive: true })
})

it.each(['ESRCH', 'ENODEV', 'ENXIO'])('only what may vanish gives the value for %s', async code => {
  expect(await failing(code).catch(ifVanished('gone'))).toBe('gone')
  await expect(failing(code).catch(ifAbsent('none'))).rejects.toThrow(code)
})

it('a look that failed is never taken for an absence', async () => {
  for (const code of ['EACCES', 'EMFILE', 'EIO']) {
    await expect(failing(code).catch(ifAbsent('none'))).rejects.toThrow(code)
    await expect(failing(code).catch(ifVanished('gone'))).rejects.toThrow(code)
  }
})
