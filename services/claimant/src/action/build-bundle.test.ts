import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
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

let outDir: string
let directory: string
let gateway: FakeGateway | undefined

beforeAll(async () => {
  outDir = await mkdtemp(path.join(tmpdir(), 'forkproof-action-bundle-'))
  await bundleClaimant({ outDir })
})
afterAll(() => rm(outDir, { recursive: true, force: true }))
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'forkproof-action-'))
  for (const name of ['env', 'output', 'state']) await writeFile(path.join(directory, name), '')
})
afterEach(async () => {
  await gateway?.close()
  await rm(directory, { recursive: true, force: true })
})

function start(file: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [path.join(outDir, file)], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const exited = new Promise<number | null>(resolve => child.on('close', resolve))
  return { kill: () => child.kill('SIGKILL'), done: exited.then(exit => ({ exit, out })) }
}

/** The Action's main step in a fork's run that goes on to build. */
async function startMain(behaviour: GatewayBehaviour = {}, changes: Record<string, string> = {}) {
  gateway = await startFakeGateway(behaviour)
  const head = { repo: { id: 2, full_name: 'contributor/widgets' } }
  const base = { repo: { id: 1, full_name: 'acme/widgets', private: false } }
  await writeFile(path.join(directory, 'event.json'), JSON.stringify({ pull_request: { head, base } }))
  return start('main.js', {
    PATH: `${directory}:/usr/bin:/bin`,
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: path.join(directory, 'event.json'),
    GITHUB_REPOSITORY: 'acme/widgets',
    GITHUB_RUN_ID: '4711',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_ENV: path.join(directory, 'env'),
    GITHUB_OUTPUT: path.join(directory, 'output'),
    GITHUB_STATE: path.join(directory, 'state'),
    RUNNER_TEMP: directory,
    INPUT_ISSUER: gateway.issuer,
    'INPUT_TIMEOUT-SECONDS': '20',
    INPUT_PROJECT: fakeProject,
    INPUT_PLATFORMS: 'linux/amd64',
    ...changes,
  })
}
const runMain = async (...given: Parameters<typeof startMain>) => (await startMain(...given)).done

/** What a step wrote into one of the runner's files, as names and values. */
async function written(name: 'env' | 'output' | 'state'): Promise<Record<string, string>> {
  const text = await readFile(path.join(directory, name), 'utf8')
  const entries = text.matchAll(/^(\S+)<<(\S+)\n(.*)\n\2$/gm)
  return Object.fromEntries([...entries].map(([, key = '', , value = '']) => [key, value]))
}

/** The post step, with the state that main saved. */
async function runPost(jobStatus: string, changes: Record<string, string> = {}) {
  const state = Object.entries(await written('state')).map(([name, value]) => [`STATE_${name}`, value])
  return start('post.js', { ...Object.fromEntries(state), 'INPUT_JOB-STATUS': jobStatus, ...changes }).done
}
const leftFolders = async () => (await readdir(directory)).filter(name => name.startsWith('forkproof-builder-'))

describe('the Action that goes on to build', () => {
  it('leaves a builder to the following steps, keeps it alive, and ends it in its post step', async () => {
    await placeStandIns(directory, ['docker'])
    expect((await runMain()).exit).toBe(0)
    const [build] = gateway?.builds ?? []
    const env = await written('env')
    expect(env).toMatchObject({
      BUILDX_BUILDER: 'forkproof',
      BUILDX_CONFIG: expect.stringMatching(/forkproof-builder-.*\/buildx$/),
      BUILDKIT_HOST: 'tcp://127.0.0.1:9',
      FORKPROOF_PROJECT: fakeProject,
      FORKPROOF_ACCESS_TOKEN: fakeAccessToken,
      DEPOT_TOKEN: fakeAccessToken,
      DEPOT_API_URL: gateway?.issuer,
      DEPOT_PROJECT_ID: fakeProject,
    })
    // It is used up: a step that found it would be refused.
    expect(env).not.toHaveProperty('FORKPROOF_ID_TOKEN')
    expect(await written('output')).toMatchObject({ 'build-id': build?.buildId, endpoint: 'tcp://127.0.0.1:9' })
    await expect.poll(() => build?.health, { timeout: 20_000 }).toBeGreaterThan(0)
    const { exit, out } = await runPost('success')
    expect(exit).toBe(0)
    expect(out).toContain(`Build ${build?.buildId} is over.`)
    expect(build?.ended).toBe('success')
    expect(await leftFolders()).toEqual([])
  })

  it('masks every secret before anything else and shows none', async () => {
    const { out } = await runMain()
    const build = gateway?.builds[0]
    for (const secret of [fakeAccessToken, build?.buildToken ?? 'no token']) {
      expect(out.split('\n').filter(line => line.includes(secret))).toEqual([`::add-mask::${secret}`])
    }
    expect(out).not.toContain('PRIVATE KEY')
    await runPost('success')
  })

  it.each([
    ['failure', 'error'],
    ['cancelled', 'canceled'],
  ])('ends the build of a job of status %s as %s', async (status, ended) => {
    await runMain()
    await runPost(status)
    expect(gateway?.builds[0]?.ended).toBe(ended)
  })

  it('ends in its post step what a main step that was killed had begun', async () => {
    const main = await startMain({ look: () => new Promise(() => undefined) })
    await expect.poll(() => gateway?.told().at(-1), { timeout: 20_000 }).toBe('GET build')
    main.kill()
    await main.done
    await runPost('cancelled')
    expect(gateway?.builds[0]?.ended).toBe('canceled')
    expect(await leftFolders()).toEqual([])
  })

  it('gets only the right to build where no builder is wanted', async () => {
    expect((await runMain({}, { INPUT_PLATFORMS: 'none', 'INPUT_DEPOT-URL': 'http://127.0.0.1:9' })).exit).toBe(0)
    expect(gateway?.told()).toEqual(['exchange'])
    expect(await written('env')).toMatchObject({ DEPOT_TOKEN: fakeAccessToken, DEPOT_API_URL: 'http://127.0.0.1:9' })
    expect(await runPost('success')).toMatchObject({ exit: 0, out: expect.not.stringContaining('Build') })
  })

  it.each([
    ['is missing', async () => undefined, 'There is no buildx here'],
    [
      'fails',
      async () => {
        await placeStandIns(directory, ['docker'])
        await failOn(directory, 'create')
      },
      '::warning::',
    ],
  ])('goes on with variables alone where buildx %s', async (_, prepare, words) => {
    await prepare()
    const { exit, out } = await runMain()
    expect(exit).toBe(0)
    expect(out).toContain(words)
    const env = await written('env')
    expect(env).toHaveProperty('FORKPROOF_BUILDER_KEY')
    expect(env).not.toHaveProperty('BUILDX_BUILDER')
    await runPost('success')
  })

  it.each([
    [
      'refuses the run',
      { oauth: () => json(400, { error_uri: 'urn:forkproof:error:not_admitted' }) },
      {},
      'not_admitted',
    ],
    ['has no builder', { start: () => json(409, { code: 'platform_unavailable' }) }, {}, 'platform_unavailable'],
    ['has no such name', {}, { INPUT_PROJECT: 'mine' }, 'project: '],
    ['is for no such platform', {}, { INPUT_PLATFORMS: 'windows/amd64' }, 'platforms: '],
    ['has its API nowhere', {}, { 'INPUT_DEPOT-URL': 'here' }, 'depot-url: '],
  ])('fails the step and says why when the project %s', async (_, behaviour, changes, words) => {
    const { exit, out } = await runMain(behaviour, changes)
    expect(exit).toBe(1)
    expect(out).toMatch(/^::error::/m)
    expect(out).toContain(words)
    expect(await written('env')).not.toHaveProperty('FORKPROOF_BUILDER_KEY')
    expect(await leftFolders()).toEqual([])
    expect(await runPost('failure')).toMatchObject({ exit: 0 })
  })

  it.each(['relative/forkproof-builder-x', '/', '/srv', ''])(
    'has a post step that removes no folder such as %j',
    async folder => {
      expect(await runPost('success', { 'STATE_builder-folder': folder })).toMatchObject({ exit: 0, out: '' })
      expect(await callsOf(directory)).toEqual([])
    },
  )
})
