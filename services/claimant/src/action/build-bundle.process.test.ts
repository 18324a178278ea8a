import { readdir } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type FakeGateway,
  type FakeGatewayBehaviour,
  fakeAccessToken,
  fakeProject,
  startFakeGateway,
} from '../building/testing/fake-gateway.ts'
import { jsonReply } from '../claiming/testing/fake-issuer.ts'
import { failProgramsOn, placeFakePrograms, programCalls } from '../clients/testing/fake-programs.ts'
import { actionHarness } from './testing/action-harness.ts'

const action = actionHarness()
const { bundle } = action
let gateway: FakeGateway | undefined

afterEach(() => gateway?.close())

/** The Action's main step, which goes on to build. */
async function startMain(behaviour: FakeGatewayBehaviour = {}, changes: Record<string, string> = {}) {
  gateway = await startFakeGateway(behaviour)
  return action.startMain({
    PATH: `${bundle.directory}:/usr/bin:/bin`,
    INPUT_ISSUER: gateway.issuer,
    INPUT_PROJECT: fakeProject,
    INPUT_PLATFORMS: 'linux/amd64',
    ...changes,
  })
}
const runMain = async (...given: Parameters<typeof startMain>) => (await startMain(...given)).done

/** What a step wrote into one of the runner's files, as names and values. */
async function written(name: 'env' | 'output' | 'state'): Promise<Record<string, string>> {
  const entries = (await action.runnerFile(name)).matchAll(/^(\S+)<<(\S+)\n(.*)\n\2$/gm)
  return Object.fromEntries([...entries].map(([, key = '', , value = '']) => [key, value]))
}

/** The post step, with the state that main saved. */
async function runPost(jobStatus: string, changes: Record<string, string> = {}) {
  const state = Object.entries(await written('state')).map(([name, value]) => [`STATE_${name}`, value])
  const env = { ...Object.fromEntries(state), 'INPUT_JOB-STATUS': jobStatus, ...changes }
  return bundle.start('post.js', [], env).done
}
const leftFolders = async () => (await readdir(bundle.directory)).filter(name => name.startsWith('forkproof-builder-'))

describe('the Action that goes on to build', () => {
  it('leaves a builder to the following steps, keeps it alive, and ends it in its post step', async () => {
    await placeFakePrograms(bundle.directory, ['docker'])
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
    const main = await startMain({ read: () => new Promise(() => undefined) })
    await expect.poll(() => gateway?.told().at(-1), { timeout: 20_000 }).toBe('GET build')
    main.kill('SIGKILL')
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
        await placeFakePrograms(bundle.directory, ['docker'])
        await failProgramsOn(bundle.directory, 'create')
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
      { oauth: () => jsonReply(400, { error_uri: 'urn:forkproof:error:not_admitted' }) },
      {},
      'not_admitted',
    ],
    ['has no builder', { start: () => jsonReply(409, { code: 'platform_unavailable' }) }, {}, 'platform_unavailable'],
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
      expect(await programCalls(bundle.directory)).toEqual([])
    },
  )
})
