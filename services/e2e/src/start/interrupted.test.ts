import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assertPortsFree } from '@forkproof/local/processes/port-check'
import { describe, expect, it } from 'vitest'
import { npmStart, openStartHarness, type StartHarness, startMain } from '../testing/start-harness.ts'
import type { StartedProgram } from '../testing/started-program.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'

const stopping = 'Stopping …'
const everythingRuns = 'Everything runs.'
const codeShown = 'Waiting for OIDC auth challenge'

/** Checked as soon as the program has ended: a user who gets the prompt back finds nothing running. */
const expectNothingLeft = async ({ ports, stateFolder }: StartHarness, program: StartedProgram) => {
  expect(program.remains()).toEqual([])
  expect(existsSync(join(stateFolder, 'lock'))).toBe(false)
  await assertPortsFree(ports.map(port => ({ port, host: '127.0.0.1', purpose: 'left over', setting: 'none' })))
}

/** A PATH with nothing but a compiler that never ends, and has a child of its own. */
async function endlessCompiler(): Promise<string> {
  const folder = join(await temporaryFolder(), 'bin')
  await mkdir(folder)
  await writeFile(join(folder, 'go'), '#!/bin/sh\n/bin/sleep 86399 &\nwait\n')
  await chmod(join(folder, 'go'), 0o755)
  return folder
}

describe('Ctrl-C', () => {
  it.each(['group', 'leader'] as const)(
    'while a program is being built ends the build too (signal to the %s)',
    async to => {
      const harness = await openStartHarness()
      const cache = await temporaryFolder()
      const { FORKPROOF_NATS_SERVER_PATH: _, ...settings } = harness.settings
      const program = startMain([], { ...settings, PATH: await endlessCompiler(), XDG_CACHE_HOME: cache })
      await program.shows('building nats-server')
      await program.runs('/bin/sleep 86399')
      program.signal('SIGINT', to)
      const { code, stdout, stderr } = await program.exited
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
      expect(stdout).toContain(stopping)
      await expectNothingLeft(harness, program)
      const kept = await readdir(cache, { recursive: true })
      expect(kept.filter(path => /\.lock|\.building-/.test(path))).toEqual([])
    },
  )

  it('while the services start ends those that run and starts no other', async () => {
    const harness = await openStartHarness()
    const program = startMain([], harness.settings)
    await program.runs('gateway/src/main.ts')
    program.signal('SIGINT', 'leader')
    const { code, stdout, stderr } = await program.exited
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).not.toContain(everythingRuns)
    await expectNothingLeft(harness, program)
  })

  it('in a terminal during the demo ends everything in order before npm gives the prompt back', async () => {
    const harness = await openStartHarness()
    const program = npmStart([], harness.settings)
    await program.shows(codeShown)
    // The terminal signals the whole group, and npm passes the signal on: the system gets it twice.
    program.signal('SIGINT', 'group')
    const { stdout } = await program.exited
    expect(stdout.match(new RegExp(stopping, 'g'))).toHaveLength(1)
    expect(program.leftAtExit).toEqual([])
    await expectNothingLeft(harness, program)
  })

  it('is heard too where only npm is told to end', async () => {
    const harness = await openStartHarness()
    const program = npmStart([], harness.settings)
    await program.shows(everythingRuns)
    program.signal('SIGTERM', 'leader')
    expect((await program.exited).stdout).toContain(stopping)
    expect(program.leftAtExit).toEqual([])
    await expectNothingLeft(harness, program)
  })
})

describe('a second Ctrl-C', () => {
  it('ends it at once while a part hangs; the rest follows, and the next start takes the folder over', async () => {
    const harness = await openStartHarness()
    const program = startMain([], harness.settings)
    const verifier = await program.runs('verifier/src/main.ts')
    await program.shows(everythingRuns)
    process.kill(verifier, 'SIGSTOP')
    program.signal('SIGINT', 'leader')
    await program.shows(stopping)
    const pressed = () => {
      program.signal('SIGINT', 'leader')
      return program.over
    }
    // Less than the 8 s that an orderly stop gives a part that hangs.
    await expect.poll(pressed, { timeout: 6_000, interval: 200 }).toBe(true)
    expect((await program.exited).code).toBe(1)
    await expect.poll(() => program.remains(), { timeout: 20_000 }).toEqual([])
    const next = startMain([], { ...harness.settings, FORKPROOF_TEMPORAL_PATH: '/nowhere/temporal' })
    expect((await next.exited).stderr).toContain('/nowhere/temporal')
    await expectNothingLeft(harness, next)
  })
})
