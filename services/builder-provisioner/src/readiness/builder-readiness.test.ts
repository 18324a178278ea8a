import { existsSync } from 'node:fs'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@forkproof/infra/clock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { builderReadiness } from './builder-readiness.ts'
import { runCanary } from './run-canary.ts'
import { servingAnswers, socketFolder, standInBuildKit } from './testing/stand-in-buildkit.ts'

const never = new AbortController().signal
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

let folder = ''
let socketPath = ''
beforeEach(async () => {
  const at = await socketFolder()
  const builder = await standInBuildKit(at.socketPath, servingAnswers)
  closers.push(
    () => at[Symbol.asyncDispose](),
    () => builder[Symbol.asyncDispose](),
  )
  folder = at.folder
  socketPath = at.socketPath
})

/** A shell script in place of buildctl. */
async function buildctl(script: string): Promise<string> {
  const path = join(folder, 'buildctl')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}
const canary = (buildctlPath: string) => ({
  buildctlPath,
  context: folder,
  socketPath,
  platform: 'linux/amd64' as const,
  targets: ['192.0.2.1:80', '[2001:db8::1]:80'],
})

describe('a canary build', () => {
  it('goes through the builder’s socket, without cache, with the targets as a secret and nothing of our environment', async () => {
    const path = await buildctl('echo "$@" > "$HOME/arguments"; /usr/bin/env > "$HOME/environment"')
    await runCanary(canary(path), never)
    const given = await readFile(join(folder, 'arguments'), 'utf8')
    expect(given).toContain(`--addr unix://${socketPath} build --frontend dockerfile.v0`)
    expect(given).toContain('--opt platform=linux/amd64 --no-cache --secret id=targets,env=TARGETS')
    expect(given).not.toMatch(/192\.0\.2\.1|--output|--allow/)
    const environment = await readFile(join(folder, 'environment'), 'utf8')
    expect(environment).toContain('TARGETS=192.0.2.1:80,[2001:db8::1]:80')
    const names = environment.split('\n').map(line => line.split('=')[0])
    expect(
      names.filter(name => name && !['HOME', 'DOCKER_CONFIG', 'TARGETS', 'PWD', 'SHLVL', '_'].includes(name)),
    ).toEqual([])
  })

  it('that fails says which step failed and why', async () => {
    const path = await buildctl(
      'echo "#7 0.3 reached 169.254.169.254:80" >&2; echo "error: failed to solve" >&2; exit 1',
    )
    await expect(runCanary(canary(path), never)).rejects.toMatchObject({
      code: 'builder_not_ready',
      detail: undefined,
      cause: { message: expect.stringMatching(/reached 169\.254\.169\.254:80 \| error: failed to solve/) },
    })
  })

  it('that talks without end is remembered by its last words only', async () => {
    const path = await buildctl(
      '/usr/bin/head -c 3000000 /dev/zero | /usr/bin/tr "\\0" x >&2; echo >&2; echo last >&2; exit 1',
    )
    const failure = await runCanary(canary(path), never).catch((error: Error) => error)
    const cause = (failure as Error).cause as Error
    expect(cause.message.length).toBeLessThan(500)
    expect(cause.message).toMatch(/last\s*$/)
  })

  it.each(['kill -9 $$', 'exit 3'])('that ends by `%s` has failed', async script => {
    await expect(runCanary(canary(await buildctl(script)), never)).rejects.toMatchObject({ code: 'builder_not_ready' })
  })

  it('has failed when its program cannot be started', async () => {
    await expect(runCanary(canary('/nonexistent/buildctl'), never)).rejects.toMatchObject({
      code: 'builder_not_ready',
      cause: { code: 'ENOENT' },
    })
  })

  it('that takes too long is ended and has failed', async () => {
    const path = await buildctl('echo $$ > "$HOME/pid"; exec /bin/sleep 60')
    await expect(runCanary(canary(path), never, 1_000)).rejects.toMatchObject({
      code: 'builder_not_ready',
      cause: { message: 'the canary build took more than 1000 ms' },
    })
    expect(existsSync(`/proc/${(await readFile(join(folder, 'pid'), 'utf8')).trim()}`)).toBe(false)
  })

  it('is ended when the caller gives up, and its program is gone by then', async () => {
    const path = await buildctl('echo $$ > "$HOME/pid"; exec /bin/sleep 60')
    const caller = new AbortController()
    const reason = new Error('given up')
    const running = runCanary(canary(path), caller.signal)
    running.catch(() => {})
    const pid = await vi.waitFor(async () => {
      const text = (await readFile(join(folder, 'pid'), 'utf8')).trim()
      expect(text).not.toBe('')
      return text
    }, 5_000)
    caller.abort(reason)
    await expect(running).rejects.toBe(reason)
    expect(existsSync(`/proc/${pid}`)).toBe(false)
    await expect(runCanary(canary(path), caller.signal)).rejects.toBe(reason)
  })
})

describe('a builder’s readiness', () => {
  const options = (buildctlPath: string, probePath: string) => ({
    buildctlPath,
    probePath: () => probePath,
    folder: join(folder, 'canary'),
    targets: () => ['192.0.2.1:80'],
    clock: systemClock,
  })
  const builder = () => ({ socketPath, platform: 'linux/amd64' as const, egress: 'none' as const })

  it('is health and a canary that runs the probe, with the time of each', async () => {
    const path = await buildctl('exit 0')
    const checkReady = builderReadiness(options('/bin/true', path))
    const { startMs, canaryMs } = await checkReady(builder(), never)
    expect([startMs >= 0, canaryMs > 0]).toEqual([true, true])
    const made = join(folder, 'canary', 'linux-amd64')
    expect(await readFile(join(made, 'probe'), 'utf8')).toBe(await readFile(path, 'utf8'))
    expect(await readFile(join(made, 'Dockerfile'), 'utf8')).toContain('RUN --mount=type=secret,id=targets')
  })

  it('is not given for health alone', async () => {
    const checkReady = builderReadiness(options(await buildctl('exit 1'), '/bin/true'))
    await expect(checkReady(builder(), never)).rejects.toMatchObject({ code: 'builder_not_ready' })
  })

  it('is tried again with files of its own after they could not be made', async () => {
    const probePath = join(folder, 'probe')
    const checkReady = builderReadiness(options('/bin/true', probePath))
    await expect(checkReady(builder(), never)).rejects.toMatchObject({ code: 'ENOENT' })
    await writeFile(probePath, 'probe')
    await expect(checkReady(builder(), never)).resolves.toBeDefined()
  })

  it('is not checked any more when the caller gives up', async () => {
    const caller = new AbortController()
    caller.abort(new Error('given up'))
    const checkReady = builderReadiness(options('/bin/true', '/bin/true'))
    await expect(checkReady(builder(), caller.signal)).rejects.toThrow('given up')
  })
})
