import { buildWorkflowId } from '@forkproof/workflows/builds/api'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import {
  askGateway,
  type BuilderCredentials,
  buildState,
  createProject,
  exchangeToken,
  finishBuild,
  forkRunWithToken,
  getAccessToken,
  hasEnded,
  isReady,
  isSettled,
  postBuild,
  type ReadBuildState,
  trustedRun,
  trustedToken,
  writeCredentials,
} from '../testing/build-requests.ts'
import { problemCode } from '../testing/claim-requests.ts'
import { buildWith, imageContext } from '../testing/remote-build.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness({ builders: true })
})

const context = async () => imageContext({ probe: inject('programs').probe, folder: await temporaryFolder() })
const credentials = async (state: ReadBuildState) => writeCredentials(state, await temporaryFolder())
const build = (to: BuilderCredentials, from: string, args: readonly string[] = []) =>
  buildWith({ buildctl: inject('programs').buildctl, to }, from, { args })

/** A fork's run that a project admits, with its access token. */
async function admittedFork(rule: Record<string, unknown> = {}) {
  const of = await forkRunWithToken(harness)
  const project = await createProject(harness, [
    { repository: of.repository, eventClass: 'fork_pull_request', ...rule },
    { repository: of.repository, eventClass: 'trusted', grant: { cache: 'project' } },
  ])
  return { ...of, project, bearer: await getAccessToken(harness, of.idToken, project) }
}

/** Builds the context on a builder of its own and ends the build. */
async function buildOnce(bearer: string, from: string) {
  const started = await postBuild(harness, bearer)
  const state = await buildState(harness, started, isSettled)
  expect(isReady(state), JSON.stringify(state)).toBe(true)
  const done = await build(await credentials(state), from)
  await finishBuild(harness, started)
  const ended = await buildState(harness, started, hasEnded)
  return { done, ended, started, receipt: ended.platforms[0]?.receipt }
}

/** A history as text with its payloads decoded, as a reader of Temporal's store sees it. */
const readable = (history: unknown): string =>
  JSON.stringify(history).replaceAll(/"data":"([A-Za-z0-9+/=]+)"/g, (_all, data: string) =>
    Buffer.from(data, 'base64').toString('utf8'),
  )

describe('a fork’s build on the whole system', () => {
  it('builds a real image on a builder of its own, which is gone afterwards', async () => {
    const { bearer } = await admittedFork()
    const { done, ended, receipt } = await buildOnce(bearer, await context())
    expect(done.output).toContain('[2/2] RUN')
    expect(done.code, done.output).toBe(0)
    expect(ended).toMatchObject({ phase: 'ended', outcome: 'success' })
    expect(receipt?.leftovers).toEqual([])
    expect(receipt?.during['process']).toBeGreaterThan(0)
  })

  it('leaves a history that shows what happened and no secret', async () => {
    const { bearer } = await admittedFork()
    const { started } = await buildOnce(bearer, await context())
    const handle = harness.temporal.workflow.getHandle(buildWorkflowId(started.buildId as never))
    const history = readable(await handle.fetchHistory())
    expect(history).toContain('forkproof.builder.ready.v1')
    expect(history).not.toContain(started.buildToken)
    expect(history).not.toContain(bearer)
    expect(history).not.toContain('PRIVATE KEY')
  })

  it('never finds another build’s layers, though the same was built before', async () => {
    const { bearer } = await admittedFork()
    const from = await context()
    await buildOnce(bearer, from)
    expect((await buildOnce(bearer, from)).done.output).not.toContain('CACHED')
  })
})

describe('a trusted run’s build', () => {
  it('is served from the project’s cache the second time, which a fork’s build never sees', async () => {
    const fork = await admittedFork()
    const run = await trustedRun(harness, fork.repository)
    const trusted = await getAccessToken(harness, await trustedToken(harness, run), fork.project)
    const from = await context()
    const first = await buildOnce(trusted, from)
    expect(first.done.output).not.toContain('CACHED')
    expect((await buildOnce(trusted, from)).done.output).toContain('CACHED')
    expect((await buildOnce(fork.bearer, from)).done.output).not.toContain('CACHED')
    expect((await buildOnce(trusted, from)).done.output).toContain('CACHED')
  })
})

describe('who is not admitted gets no builder:', () => {
  it('a run of another repository', async () => {
    const { project } = await admittedFork()
    const stranger = await forkRunWithToken(harness)
    const answer = await exchangeToken(harness, stranger.idToken, project)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text)).toMatchObject({ error: 'invalid_target' })
  })

  it('a token that was exchanged before', async () => {
    const of = await admittedFork()
    const answer = await exchangeToken(harness, of.idToken, of.project)
    expect([answer.status, JSON.parse(answer.text).error]).toEqual([400, 'invalid_request'])
  })

  it('a fork’s token presented as a trusted one’s project', async () => {
    const of = await forkRunWithToken(harness)
    const project = await createProject(harness, [{ repository: of.repository, eventClass: 'trusted' }])
    expect((await exchangeToken(harness, of.idToken, project)).status).toBe(400)
  })

  it('an access token whose run is over', async () => {
    const of = await admittedFork()
    await harness.github.send('PATCH', `/_sim/runs/${of.run.id}`, { status: 'completed', conclusion: 'success' })
    const body = { platforms: ['linux/amd64'] }
    const answer = await askGateway(`${harness.issuer}/v1/builds`, { method: 'POST', bearer: of.bearer, body })
    expect([answer.status, problemCode(answer)]).toEqual([403, 'run_not_in_progress'])
  })

  it.each([undefined, 'fpa_x', 'not a token', `fpa_${'A'.repeat(46)}`])('the bearer %j', async bearer => {
    const body = { platforms: ['linux/amd64'] }
    const answer = await askGateway(`${harness.issuer}/v1/builds`, { method: 'POST', body, ...(bearer && { bearer }) })
    expect([answer.status, problemCode(answer)]).toEqual([401, 'access_token_invalid'])
  })

  it('a build token of another build', async () => {
    const { bearer } = await admittedFork()
    const [one, other] = [await postBuild(harness, bearer), await postBuild(harness, bearer)]
    const answer = await askGateway(`${harness.issuer}/v1/builds/${one.buildId}`, { bearer: other.buildToken })
    expect([answer.status, problemCode(answer)]).toEqual([401, 'build_token_invalid'])
    for (const each of [one, other]) await finishBuild(harness, each, 'canceled')
    for (const each of [one, other]) await buildState(harness, each, hasEnded)
  })

  it('a certificate of another build’s builder', async () => {
    const { bearer } = await admittedFork()
    const builds = [await postBuild(harness, bearer), await postBuild(harness, bearer)]
    const states = await Promise.all(builds.map(one => buildState(harness, one, isSettled)))
    const [mine, theirs] = await Promise.all(states.map(credentials))
    if (!mine || !theirs) throw new Error('two builders were asked for')
    const from = await context()
    const crossed = { ...theirs, certificate: mine.certificate, key: mine.key }
    expect((await build(crossed, from)).code).not.toBe(0)
    expect((await build({ ...mine, serverName: theirs.serverName }, from)).code).not.toBe(0)
    expect((await build(mine, from)).code).toBe(0)
    for (const each of builds) await finishBuild(harness, each)
    const ends = await Promise.all(builds.map(each => buildState(harness, each, hasEnded)))
    expect(ends.flatMap(end => end.platforms.flatMap(one => one.receipt?.leftovers))).toEqual([])
  })
})
