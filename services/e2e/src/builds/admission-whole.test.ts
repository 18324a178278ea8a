import { beforeAll, describe, expect, it } from 'vitest'
import {
  askAsOperator,
  askGateway,
  createProject,
  exchangeToken,
  forkRunWithToken,
  forkToken,
  getAccessToken,
  postForm,
  revisionOf,
  trustedRun,
  trustedToken,
} from '../testing/build-requests.ts'
import { problemCode } from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness()
})

const operatorsToken = () => harness.system.operatorToken.reveal()
const introspect = async (token: string) =>
  JSON.parse((await postForm(`${harness.issuer}/oauth/introspect`, { token }, operatorsToken())).text)
const explain = async (body: object, bearer?: string) => {
  const answer = await askGateway(`${harness.issuer}/v1/trust:explain`, {
    method: 'POST',
    body,
    ...(bearer && { bearer }),
  })
  return { status: answer.status, ...JSON.parse(answer.text) }
}
const forkProject = (repository: string, rule: Record<string, unknown> = {}) =>
  createProject(harness, [{ repository, eventClass: 'fork_pull_request', ...rule }])

describe('a fork’s ID token, on the real bus', () => {
  it('is worth one access token, however many ask for it at the same moment', async () => {
    const of = await forkRunWithToken(harness)
    const project = await forkProject(of.repository)
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchangeToken(harness, of.idToken, project)))
    expect(answers.map(answer => answer.status).toSorted()).toEqual([200, ...Array<number>(19).fill(400)])
    const refused = answers.find(answer => answer.status === 400)
    expect(refused?.text).toContain('urn:forkproof:error:id_token_used')
  })

  it('is explained to its holder, and not used up by that', async () => {
    const of = await forkRunWithToken(harness)
    const projectId = await forkProject(of.repository, { baseRefs: ['no such branch'] })
    const explained = await explain({ projectId, token: of.idToken })
    expect(explained).toMatchObject({ status: 200, admitted: false })
    const failed = explained.decisions[0].rules.filter((rule: { passed: boolean }) => !rule.passed)
    expect(failed).toMatchObject([{ rule: 'base_ref', expected: ['no such branch'], actual: 'main' }])
    const other = await forkProject(of.repository)
    expect((await exchangeToken(harness, of.idToken, other)).status).toBe(200)
  })

  it('is refused when it was made for somebody else', async () => {
    const of = await forkRunWithToken(harness)
    const project = await forkProject(of.repository)
    const token = await forkToken(harness, of, 'https://sts.example.dev')
    expect((await exchangeToken(harness, token, project)).text).toContain('the claim aud does not fit')
  })
})

describe('a trusted run’s ID token', () => {
  it('is admitted by its own class only', async () => {
    const { repository } = await forkRunWithToken(harness)
    const run = await trustedRun(harness, repository)
    const forks = await forkProject(repository)
    const token = await trustedToken(harness, run)
    expect((await exchangeToken(harness, token, forks)).status).toBe(400)
    const trusted = await createProject(harness, [{ repository, eventClass: 'trusted', refs: ['refs/heads/main'] }])
    expect((await exchangeToken(harness, token, trusted)).status).toBe(200)
    expect((await exchangeToken(harness, token, trusted)).text).toContain('id_token_used')
  })
})

describe('an access token', () => {
  it('is active until its run is over', async () => {
    const of = await forkRunWithToken(harness)
    const token = await getAccessToken(harness, of.idToken, await forkProject(of.repository))
    expect(await introspect(token)).toMatchObject({ active: true, run_id: String(of.run.id), scope: 'build' })
    await harness.github.send('PATCH', `/_sim/runs/${of.run.id}`, { status: 'completed', conclusion: 'success' })
    expect(await introspect(token)).toEqual({ active: false })
  })

  it('of a trusted run is active too, and ends when it is revoked', async () => {
    const { repository } = await forkRunWithToken(harness)
    const idToken = await trustedToken(harness, await trustedRun(harness, repository))
    const token = await getAccessToken(
      harness,
      idToken,
      await createProject(harness, [{ repository, eventClass: 'trusted' }]),
    )
    expect(await introspect(token)).toMatchObject({ active: true, event_class: 'trusted' })
    expect((await postForm(`${harness.issuer}/oauth/revoke`, { token })).status).toBe(200)
    expect(await introspect(token)).toEqual({ active: false })
  })

  it('ends with its relationship', async () => {
    const of = await forkRunWithToken(harness)
    const project = await forkProject(of.repository)
    const token = await getAccessToken(harness, of.idToken, project)
    const { etag } = await revisionOf(harness, project)
    const url = `${harness.issuer}/v1/projects/${project}`
    await askGateway(url, { method: 'DELETE', bearer: operatorsToken(), headers: { 'if-match': etag } })
    expect(await introspect(token)).toEqual({ active: false })
  })
})

describe('a project on the real bus', () => {
  it('loses no change when many are made at once', async () => {
    const { repository } = await forkRunWithToken(harness)
    const project = await forkProject(repository)
    const { etag } = await revisionOf(harness, project)
    const url = `${harness.issuer}/v1/projects/${project}/relationships`
    const add = (repositoryId: string) =>
      askGateway(url, {
        method: 'POST',
        bearer: operatorsToken(),
        body: { eventClass: 'trusted', repositoryId },
        headers: { 'if-match': etag },
      })
    const answers = await Promise.all(Array.from({ length: 12 }, (_none, index) => add(String(index + 1))))
    expect(answers.map(answer => answer.status).toSorted()).toEqual([201, ...Array<number>(11).fill(412)])
    expect((await askAsOperator(harness, 'GET', `/v1/projects/${project}`)) as object).toMatchObject({
      relationships: [{}, JSON.parse(answers.find(answer => answer.status === 201)?.text ?? '')],
    })
  })

  it('keeps its history beyond its end, and is listed no more', async () => {
    const { repository } = await forkRunWithToken(harness)
    const project = await forkProject(repository)
    const { etag } = await revisionOf(harness, project)
    const url = `${harness.issuer}/v1/projects/${project}`
    const remove = () => askGateway(url, { method: 'DELETE', bearer: operatorsToken(), headers: { 'if-match': etag } })
    expect([(await remove()).status, problemCode(await remove())]).toEqual([204, 'project_not_found'])
    const history = await askAsOperator(harness, 'GET', `/v1/projects/${project}/history`)
    expect(history).toMatchObject({
      revisions: [{ deleted: false, project: { relationships: [] } }, { deleted: false }, { deleted: true }],
    })
    expect(JSON.stringify(await askAsOperator(harness, 'GET', '/v1/projects'))).not.toContain(project)
  })

  it('explains a run to the operator, and why it cannot be admitted once it is over', async () => {
    const { repository, run } = await forkRunWithToken(harness)
    const projectId = await forkProject(repository, { authorAssociations: ['OWNER'] })
    const question = { projectId, repository, runId: String(run.id) }
    const explained = await explain(question, operatorsToken())
    expect(explained).toMatchObject({ admitted: false, run: { eventClass: 'fork_pull_request', baseRef: 'main' } })
    await harness.github.send('PATCH', `/_sim/runs/${run.id}`, { status: 'completed', conclusion: 'success' })
    expect(await explain(question, operatorsToken())).toMatchObject({ admitted: false, reason: 'run_not_in_progress' })
    expect((await explain(question)).code).toBe('operator_token_invalid')
  })
})

describe('NATS restarted', () => {
  it('is waited out: asked to come again meanwhile, and what was stored is there afterwards', async () => {
    const of = await forkRunWithToken(harness)
    const project = await forkProject(of.repository)
    const token = await getAccessToken(harness, of.idToken, project)
    await harness.system.killPart('nats')
    const url = `${harness.issuer}/v1/projects/${project}`
    const status = async () => (await askGateway(url, { bearer: operatorsToken() })).status
    expect(await status()).toBe(503)
    expect((await exchangeToken(harness, of.idToken, project)).status).toBe(503)
    await harness.system.startPart('nats')
    await expect.poll(status, { timeout: 60_000, interval: 200 }).toBe(200)
    const again = await exchangeToken(harness, of.idToken, project)
    expect(again.text).toContain('id_token_used')
    expect(await introspect(token)).toMatchObject({ active: true })
  })
})
