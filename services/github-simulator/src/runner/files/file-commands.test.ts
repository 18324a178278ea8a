import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectFileCommands, createFileCommands, type FileCommandPaths } from './file-commands.ts'
import { parseKeyValueFile } from './key-value-file.ts'

describe('reading name and value entries', () => {
  it.each<[text: string, entries: [string, string][]]>([
    ['', []],
    ['a=1\n', [['a', '1']]],
    [
      'a=1\nb=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a=1\r\nb=2\r\n',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a=b=c<<d', [['a', 'b=c<<d']]],
    ['a=', [['a', '']]],
    ['\uFEFFa=1', [['a', '1']]],
    [
      'a<<EOF\none\ntwo=2\nEOF\nb=3',
      [
        ['a', 'one\ntwo=2'],
        ['b', '3'],
      ],
    ],
    ['a<<EOF\nEOF', [['a', '']]],
    ['a<<ghadelimiter_1\n x \n\nghadelimiter_1\n', [['a', ' x \n']]],
    ['__proto__=1', [['__proto__', '1']]],
  ])('reads %j', (text, entries) => {
    expect(parseKeyValueFile(text)).toEqual(entries)
  })

  it.each(['just text', '=value', '<<EOF\nx\nEOF', 'a<<\nx\n', 'a<<EOF\nx', 'a<<EOF\nx\n EOF'])('refuses %j', text => {
    expect(() => parseKeyValueFile(text)).toThrow(/Invalid/)
  })
})

describe('command files', () => {
  let directory: string
  let files: FileCommandPaths
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'forkproof-files-'))
    files = await createFileCommands(directory)
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  it('start empty and ask for nothing', async () => {
    expect(await collectFileCommands(files)).toEqual({
      outputs: [],
      environment: [],
      state: [],
      paths: [],
      problems: [],
    })
  })

  it('are read by kind', async () => {
    await writeFile(files.output, 'code=fp-1\n')
    await writeFile(files.path, '/opt/a\n\n/opt/b\n')
    await writeFile(files.step_summary, '# Hello\n')
    const results = await collectFileCommands(files)
    expect(results).toMatchObject({ outputs: [['code', 'fp-1']], paths: ['/opt/a', '/opt/b'], problems: [] })
  })

  it('differ for every process', async () => {
    expect((await createFileCommands(directory)).output).not.toBe(files.output)
  })

  it('that were deleted ask for nothing', async () => {
    await unlink(files.env)
    expect((await collectFileCommands(files)).problems).toEqual([])
  })

  it.each<[name: string, replace: (file: string) => Promise<void>]>([
    [
      'a link to another file',
      async file => {
        await writeFile(`${file}-other`, 'stolen=1')
        await symlink(`${file}-other`, file)
      },
    ],
    ['a link to an endless file', file => symlink('/dev/zero', file)],
    ['a pipe nobody writes to', async file => void execFileSync('mkfifo', [file])],
  ])('are not followed when they were replaced by %s', async (_name, replace) => {
    await unlink(files.output)
    await replace(files.output)
    const results = await collectFileCommands(files)
    expect(results.outputs).toEqual([])
    expect(results.problems[0]).toBe("Unable to process file command 'output' successfully.")
  })

  it('that are too big are refused unread', async () => {
    await truncate(files.step_summary, 2_000_000_000)
    const results = await collectFileCommands(files)
    expect(results.problems.join()).toContain('1048576 are allowed')
  })

  it('with one bad file still give what the others say', async () => {
    await writeFile(files.env, 'nonsense')
    await writeFile(files.output, 'a=1')
    const results = await collectFileCommands(files)
    expect(results.outputs).toEqual([['a', '1']])
    expect(results.problems).toHaveLength(2)
  })
})
