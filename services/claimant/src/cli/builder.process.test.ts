import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { jsonReply } from '../claiming/testing/fake-issuer.ts'
import { failProgramsOn, programCalls } from '../clients/testing/fake-programs.ts'
import { cliHarness } from './testing/cli-harness.ts'

const harness = cliHarness()
const { start, forkproof, leftFolders } = harness
const folder = () => path.join(harness.directory, 'forkproof-builder')
const Printed = z.object({
  buildId: z.string(),
  folder: z.string(),
  builders: z.array(z.object({ platform: z.string(), endpoint: z.string(), keyFile: z.string() })),
})

describe('forkproof builder', () => {
  it('prints how to reach the builder, has it kept alive by another process, and ends it', async () => {
    const { exit, out } = await forkproof(['builder', '--print', 'json'])
    expect(exit).toBe(0)
    const printed = Printed.parse(JSON.parse(out))
    expect(printed).toMatchObject({ buildId: harness.gateway?.builds[0]?.buildId, folder: folder() })
    expect(await readFile(printed.builders[0]?.keyFile ?? '', 'utf8')).toContain('PRIVATE KEY')
    expect((await stat(folder())).mode & 0o777).toBe(0o700)
    expect(out).not.toMatch(/fpb_|fpa_/)
    await expect.poll(() => harness.gateway?.builds[0]?.health, { timeout: 20_000 }).toBeGreaterThan(0)
    expect(await forkproof(['builder', '--end'])).toMatchObject({ exit: 0, out: '' })
    expect(harness.gateway?.told().at(-1)).toBe('finish success')
    expect(await leftFolders()).toEqual([])
  })

  it('prints lines for GITHUB_ENV', async () => {
    const { out } = await forkproof(['builder', '--platform', 'linux/arm64'])
    const variables = Object.fromEntries(
      out
        .trim()
        .split('\n')
        .map(line => line.split('=')),
    )
    expect(variables).toMatchObject({
      FORKPROOF_BUILDER_FOLDER: folder(),
      FORKPROOF_BUILDER_SERVER_NAME_ARM64: 'arm64.builders.test',
      BUILDKIT_HOST: 'tcp://127.0.0.1:9',
    })
    await forkproof(['builder', '--end', '--result', 'canceled'])
    expect(harness.gateway?.told().at(-1)).toBe('DELETE')
  })

  it.each([
    [['--print', 'buildx'], 'docker buildx', 'forkproof-builder/buildx'],
    [['--buildx-config', 'own', '--buildx', 'buildx'], 'buildx', 'own'],
  ])('makes a buildx builder with %j', async (options, program, config) => {
    const { exit, out } = await forkproof(['builder', ...options])
    expect(exit).toBe(0)
    expect(out).toMatch(new RegExp(`^BUILDX_CONFIG=(.*/)?${config}$`, 'm'))
    const calls = (await programCalls(harness.directory)).map(call => [call.program, ...call.args].join(' '))
    expect(calls.map(call => call.split(' --')[0])).toEqual([`${program} version`, `${program} create`])
    await forkproof(['builder', '--end'])
  })

  it('stays in the foreground until it is interrupted, which ends the builder', async () => {
    const started = await start(['builder', '--foreground'])
    await expect.poll(() => harness.gateway?.builds[0]?.health, { timeout: 20_000 }).toBeGreaterThan(0)
    started.kill('SIGINT')
    expect(await started.done).toMatchObject({ exit: 0, out: expect.stringContaining('BUILDKIT_HOST=') })
    expect(harness.gateway?.told().at(-1)).toBe('finish success')
    expect(await leftFolders()).toEqual([])
  })

  it('ends in the foreground with 1 when the build is over at the service', async () => {
    const { exit, err } = await forkproof(['builder', '--foreground'], { health: () => jsonReply(404, {}) })
    expect(exit).toBe(1)
    expect(err).toContain('The build is over at the service')
    expect(await leftFolders()).toEqual([])
  })

  it('does not lease a second one over the first', async () => {
    await forkproof(['builder'])
    const second = await forkproof(['builder'])
    expect(second).toMatchObject({ exit: 3, out: '', err: expect.stringContaining('--end') })
    expect(harness.gateway?.builds).toHaveLength(1)
    await forkproof(['builder', '--end'])
  })

  it('leaves nothing when the build is refused', async () => {
    const refused = await forkproof(['builder'], { start: () => jsonReply(403, { code: 'not_admitted' }) })
    expect(refused).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('not_admitted') })
    expect(await leftFolders()).toEqual([])
  })

  it('gives the builder back when its buildx builder cannot be made', async () => {
    await failProgramsOn(harness.directory, 'create')
    expect(await forkproof(['builder', '--print', 'buildx'])).toMatchObject({ exit: 3, out: '' })
    expect(harness.gateway?.told().at(-1)).toBe('DELETE')
    expect(await leftFolders()).toEqual([])
  })

  it('can be ended after it was killed while it waited', async () => {
    const started = await start(['builder'], { read: () => new Promise(() => undefined) })
    await expect.poll(() => harness.gateway?.told().at(-1), { timeout: 20_000 }).toBe('GET build')
    // The record is there by now: a SIGKILL here would leave something to end.
    expect(await leftFolders()).toEqual(['forkproof-builder'])
    started.kill('SIGKILL')
    await started.done
    expect(await forkproof(['builder', '--end', '--result', 'error'])).toMatchObject({ exit: 0 })
    expect(harness.gateway?.told().at(-1)).toBe('finish error')
  })

  it.each([
    ['twice', ['builder', '--end'], {}],
    ['in a folder that is not one of ours', ['builder', '--end', '--folder', '/'], {}],
    ['where there is no place', ['builder', '--end'], { RUNNER_TEMP: '' }],
  ])('is not ended %s', async (_, args, changes) => {
    expect(await forkproof(args, {}, changes)).toMatchObject({ exit: 3, out: '' })
    expect(harness.gateway?.requests).toEqual([])
  })

  it('ends with 1 but keeps nothing when the service cannot be told', async () => {
    await forkproof(['builder'], { end: () => jsonReply(401, {}) })
    expect(await forkproof(['builder', '--end'])).toMatchObject({ exit: 1 })
    expect(await leftFolders()).toEqual([])
  })
})
