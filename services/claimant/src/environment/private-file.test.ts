import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writePrivateFile } from './private-file.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'forkproof-private-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('a private file', () => {
  it('is readable by its owner only', async () => {
    await writePrivateFile(path.join(directory, 'a'), 'x')
    expect((await stat(path.join(directory, 'a'))).mode & 0o777).toBe(0o600)
  })

  it('takes the place of a symbolic link instead of writing to where it leads', async () => {
    const elsewhere = path.join(directory, 'elsewhere')
    await writeFile(elsewhere, 'untouched')
    await symlink(elsewhere, path.join(directory, 'a'))
    await writePrivateFile(path.join(directory, 'a'), 'secret')
    expect(await readFile(elsewhere, 'utf8')).toBe('untouched')
    expect(await readFile(path.join(directory, 'a'), 'utf8')).toBe('secret')
  })

  it('that cannot be put in place leaves nothing of its content behind', async () => {
    // A directory of that name that is not empty cannot be replaced.
    await writePrivateFile(path.join(directory, 'b'), '')
    await expect(writePrivateFile(path.join(directory, 'b', 'c'), 'secret')).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(writePrivateFile(directory, 'secret')).rejects.toThrow()
    expect(await readdir(directory)).toEqual(['b'])
    expect(
      (await readdir(path.dirname(directory))).filter(name => name.startsWith(`${path.basename(directory)}.`)),
    ).toEqual([])
  })
})
