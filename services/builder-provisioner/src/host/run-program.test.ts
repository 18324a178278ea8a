import { describe, expect, it } from 'vitest'
import { ifVanished } from './absence.ts'
import { findProgram } from './find-program.ts'
import { runSystemProgram } from './run-program.ts'

const within = () => AbortSignal.timeout(10_000)

describe('a program of the system', () => {
  it('gets its input and gives its output', async () => {
    expect(await runSystemProgram('cat', [], { signal: within(), input: 'some text' })).toBe('some text')
  })

  it('sees nothing of this process’s environment', async () => {
    const environment = await runSystemProgram('env', [], { signal: within() })
    expect(environment.match(/^[A-Z_]+(?==)/gm)?.sort()).toEqual(['LC_ALL', 'PATH'])
  })

  it('that fails says how and with what code', async () => {
    const failing = runSystemProgram('sh', ['-c', 'echo out of order >&2; exit 3'], { signal: within() })
    await expect(failing).rejects.toMatchObject({
      name: 'ProgramError',
      code: 3,
      message: expect.stringContaining('out of order'),
    })
  })

  it('that is not there fails with the code for it', async () => {
    await expect(runSystemProgram('/nowhere/program', [], { signal: within() })).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })

  it('that takes too long is ended', async () => {
    const hanging = runSystemProgram('sleep', ['60'], { signal: within(), msMax: 50 })
    await expect(hanging).rejects.toMatchObject({ name: 'ProgramError' })
  })

  it('that is not wanted any more is ended, for the reason that was given', async () => {
    const stop = new AbortController()
    const hanging = runSystemProgram('sleep', ['60'], { signal: stop.signal })
    stop.abort(new Error('not wanted'))
    await expect(hanging).rejects.toThrow('not wanted')
  })

  it('does not fail for input that it does not read', async () => {
    expect(await runSystemProgram('true', [], { signal: within(), input: 'x'.repeat(1_000_000) })).toBe('')
  })

  it('is found by name or by path, and only when it can be run', async () => {
    expect(await findProgram('sh')).toMatch(/\/sh$/)
    expect(await findProgram('/bin/sh')).toBe('/bin/sh')
    expect(await findProgram('/etc/passwd')).toBeUndefined()
    expect(await findProgram('no-such-program')).toBeUndefined()
  })
})

describe('what is gone', () => {
  const failing = (code: string) => Object.assign(new Error(code), { code })

  it.each(['ENOENT', 'ENOTDIR', 'ESRCH', 'ENODEV'])('is an answer: %s', code => {
    expect(ifVanished('nothing')(failing(code))).toBe('nothing')
  })

  it.each(['EACCES', 'EMFILE', 'EIO', 'EPERM'])('is not the same as what cannot be looked at: %s', code => {
    expect(() => ifVanished('nothing')(failing(code))).toThrow(code)
  })
})
