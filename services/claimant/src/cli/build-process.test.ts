import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type FakeGateway,
  fakeAccessToken,
  fakeProject,
  type GatewayBehaviour,
  startFakeGateway,
} from '../building/fake-gateway.ts'
import { bundleClaimant } from '../bundle.ts'
import { json } from '../claiming/fake-issuer.ts'
import { callsOf, failOn, placeStandIns } from '../clients/stand-in.ts'

let bundleFolder: string
let directory: string
let gateway: FakeGateway | undefined

beforeAll(async () => {
  bundleFolder = await mkdtemp(path.join(tmpdir(), 'forkproof-build-bundle-'))
  await bundleClaimant({ outDir: bundleFolder })
})
afterAll(() => rm(bundleFolder, { recursive: true, force: true }))
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'forkproof-build-test-'))
})
afterEach(async () => {
  await gateway?.close()
  await rm(directory, { recursive: true, force: true })
})

interface Started {
  readonly done: Promise<{ exit: number | null; out: string; err: string }>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** The bundled command in a step of a fork's run, with stand-ins for the build programs. */
async function start(
  args: readonly string[],
  behaviour: GatewayBehaviour = {},
  changes: Record<string, string> = {},
): Promise<Started> {
  gateway ??= await startFakeGateway(behaviour)
  await placeStandIns(directory, ['docker', 'buildx', 'buildctl', 'depot', 'tool'])
  const head = { repo: { id: 2, full_name: 'contributor/widgets' } }
  const base = { repo: { id: 1, full_name: 'acme/widgets', private: false } }
  await writeFile(path.join(directory, 'event.json'), JSON.stringify({ pull_request: { head, base } }))
  const child = spawn(process.execPath, [path.join(bundleFolder, 'cli.js'), ...args], {
    cwd: directory,
    env: {
      PATH: `${directory}${path.delimiter}/usr/bin${path.delimiter}/bin`,
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: path.join(directory, 'event.json'),
      GITHUB_REPOSITORY: 'acme/widgets',
      GITHUB_RUN_ID: '4711',
      GITHUB_RUN_ATTEMPT: '1',
      RUNNER_TEMP: directory,
      FORKPROOF_ISSUER: gateway.issuer,
      FORKPROOF_PROJECT: fakeProject,
      FORKPROOF_ACCESS_TOKEN: fakeAccessToken,
      ...changes,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const done = new Promise<number | null>(resolve => child.on('close', resolve)).then(exit => ({ exit, out, err }))
  return { done, kill: signal => void child.kill(signal) }
}
afterEach(() => {
  gateway = undefined
})

const forkproof = async (...given: Parameters<typeof start>) => (await start(...given)).done
const leftFolders = async () => (await readdir(directory)).filter(name => name.startsWith('forkproof-'))

describe('forkproof build', () => {
  it('claims, is admitted, leases, runs buildctl on the builder and gives it back', async () => {
    const { exit, out, err } = await forkproof(
      ['build', '--', 'buildctl', 'build', '--progress', 'plain'],
      {},
      {
        FORKPROOF_ACCESS_TOKEN: '',
      },
    )
    expect({ exit, out }).toEqual({ exit: 0, out: 'buildctl printed\n' })
    expect(err).toMatch(/Waiting for OIDC auth challenge[\s\S]*Admitted to project[\s\S]*is ready after 12 ms/)
    expect(gateway?.told()).toEqual(['exchange', 'POST build', 'GET build', 'finish success'])
    const [call] = await callsOf(directory)
    expect(call?.args.join(' ')).toMatch(
      /^--addr tcp:\/\/127\.0\.0\.1:9 --tlsservername amd64\.builders\.test --tlscacert \S+ca\.pem --tlscert \S+cert\.pem --tlskey \S+key\.pem build --progress plain$/,
    )
    expect(call?.keys).toContain('-----BEGIN PRIVATE KEY-----')
    expect(await leftFolders()).toEqual([])
  })

  it('masks the rights that it gets, and gives none of them to the command', async () => {
    const { err } = await forkproof(['build', '--', 'tool'], {}, { FORKPROOF_ACCESS_TOKEN: '' })
    expect(err.split('\n').filter(line => line.includes(fakeAccessToken))).toEqual([`::add-mask::${fakeAccessToken}`])
    const [call] = await callsOf(directory)
    expect(call?.env).toMatchObject({ BUILDKIT_HOST: 'tcp://127.0.0.1:9', FORKPROOF_BUILDER_KEY: expect.any(String) })
    expect(JSON.stringify(call)).not.toMatch(/fpa_|fpb_|eyJ/)
  })

  it.each([
    ['docker buildx', ['docker', 'buildx']],
    ['a buildx of its own', ['buildx']],
  ])('makes a builder for %s in a configuration of its own', async (_, buildx) => {
    const platforms = ['--platform', 'linux/amd64,linux/arm64']
    expect(await forkproof(['build', '--', ...buildx, 'build', ...platforms, '.'])).toMatchObject({ exit: 0 })
    const calls = (await callsOf(directory)).map(call => [call.program, ...call.args].join(' '))
    const name = buildx.join(' ')
    expect(calls[0]).toBe(`${name} version`)
    expect(calls[1]).toContain(`${name} create --name forkproof --node forkproof-amd64 --driver remote`)
    expect(calls[2]).toContain(`${name} create --append --name forkproof --node forkproof-arm64`)
    expect(calls[3]).toBe(`${name} build --platform linux/amd64,linux/arm64 .`)
    expect((await callsOf(directory))[3]?.env).toMatchObject({ BUILDX_BUILDER: 'forkproof' })
    expect(gateway?.builds[0]?.wish.platforms).toEqual(['linux/amd64', 'linux/arm64'])
  })

  it('gives depot the right to build and leases nothing itself', async () => {
    const { exit } = await forkproof(['build', '--depot-url', 'http://127.0.0.1:9', '--', 'depot', 'build', '.'])
    expect(exit).toBe(0)
    const [call] = await callsOf(directory)
    expect(call?.env).toMatchObject({
      DEPOT_TOKEN: fakeAccessToken,
      DEPOT_PROJECT_ID: fakeProject,
      DEPOT_API_URL: 'http://127.0.0.1:9',
      DEPOT_ERROR_TELEMETRY: '0',
    })
    expect(gateway?.told()).toEqual([])
  })

  it('ends as the command ends, and says so to the gateway', async () => {
    expect(await forkproof(['build', '--', 'tool', 'exit=42'])).toMatchObject({ exit: 42 })
    expect(gateway?.told().at(-1)).toBe('finish error')
  })

  it.each([
    ['is missing', 127, ['nowhere'], 'command not found'],
    ['may not be run', 126, ['./event.json'], 'permission denied'],
  ])('claims and leases nothing for a command that %s', async (_, exit, command, words) => {
    expect(await forkproof(['build', '--', ...command])).toMatchObject({ exit, err: expect.stringContaining(words) })
    expect(gateway?.requests).toEqual([])
  })

  it('leases nothing where docker has no buildx', async () => {
    await failOn(directory, 'buildx version')
    const result = await forkproof(['build', '--', 'docker', 'buildx', 'build', '.'])
    expect(result).toMatchObject({ exit: 3, err: expect.stringContaining('buildx_unusable') })
    expect(gateway?.requests).toEqual([])
  })

  it('gives the builder back when its buildx builder cannot be made', async () => {
    await failOn(directory, 'create')
    const result = await forkproof(['build', '--', 'buildx', 'build', '.'])
    expect(result).toMatchObject({ exit: 3, err: expect.not.stringContaining('::add-path') })
    expect(gateway?.told().at(-1)).toBe('finish error')
    expect(await leftFolders()).toEqual([])
  })

  it.each([
    ['refused', { start: () => json(403, { code: 'platform_not_granted' }) }, 'platform_not_granted'],
    ['over at once', { look: () => json(404, { code: 'build_not_found' }) }, 'build_not_found'],
  ])('ends with 1 and the reason when the build is %s', async (_, behaviour, code) => {
    const { exit, err } = await forkproof(['build', '--', 'tool'], behaviour)
    expect(exit).toBe(1)
    expect(err).toContain(code)
    expect(await callsOf(directory)).toEqual([])
    expect(await leftFolders()).toEqual([])
  })

  it('ends the command when the build is over at the service, and says why', async () => {
    const over: GatewayBehaviour = {
      look: async (build, look) =>
        json(
          200,
          await build.state(look > 1 ? { phase: 'ended', outcome: 'refused', reason: 'run_not_in_progress' } : {}),
        ),
      health: async () => {
        await expect.poll(() => callsOf(directory), { timeout: 20_000 }).toHaveLength(1)
        return json(409, { code: 'build_over' })
      },
    }
    const { exit, err } = await forkproof(['build', '--', 'tool', 'hang'], over)
    expect(exit).toBe(1)
    expect(err).toContain('The run is not in progress')
    expect((await callsOf(directory)).at(-1)?.signal).toBe('SIGTERM')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('passes %s on, then cancels the build', async signal => {
    const started = await start(['build', '--', 'tool', 'hang'])
    await expect.poll(async () => (await callsOf(directory)).length, { timeout: 20_000 }).toBe(1)
    started.kill(signal)
    expect((await started.done).exit).toBe(130)
    expect((await callsOf(directory)).at(-1)?.signal).toBe(signal)
    expect(gateway?.told().at(-1)).toBe('DELETE')
    expect(await leftFolders()).toEqual([])
  })

  it('cancels the build when it is interrupted while it waits for a builder', async () => {
    const started = await start(['build', '--', 'tool'], { look: () => new Promise(() => undefined) })
    await expect.poll(() => gateway?.told().at(-1), { timeout: 20_000 }).toBe('GET build')
    started.kill('SIGTERM')
    expect(await started.done).toMatchObject({ exit: 143, out: '' })
    expect(gateway?.told().at(-1)).toBe('DELETE')
    expect(await callsOf(directory)).toEqual([])
  })

  it('ends at once when it is interrupted while it claims', async () => {
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
    const exchange = () => {
      onAsked()
      return new Promise<never>(() => undefined)
    }
    const started = await start(['build', '--', 'tool'], { exchange }, { FORKPROOF_ACCESS_TOKEN: '' })
    await asked
    started.kill('SIGINT')
    expect((await started.done).exit).toBe(130)
    expect(gateway?.builds).toEqual([])
  })

  it.each([
    ['no command', ['build']],
    ['no project', ['build', '--project', 'x', '--', 'tool']],
    ['a platform of another world', ['build', '--platform', 'plan9/386', '--', 'tool']],
    ['docker build', ['build', '--', 'docker', 'build', '.']],
    ['two platforms for buildctl', ['build', '--platform', 'linux/amd64,linux/arm64', '--', 'buildctl', 'build']],
    ['no time to wait', ['build', '--wait-seconds', '1', '--', 'tool']],
    ['endless building', ['build', '--max-minutes', '999', '--', 'tool']],
    ['an option of another command', ['build', '--print', 'json', '--', 'tool']],
    ['an unknown print', ['builder', '--print', 'yaml']],
    ['a result without an end', ['builder', '--result', 'success']],
    ['a project at the end', ['builder', '--end', '--project', fakeProject]],
  ])('is misuse with %s', async (_, args) => {
    const { exit, err } = await forkproof(args)
    expect(exit).toBe(2)
    expect(err).toContain('Usage:')
    expect(gateway?.requests).toEqual([])
  })
})
