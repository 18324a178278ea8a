import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
} from '../testing/simulator-harness.ts'
import { paginateList } from './pagination.ts'

describe('addresses of repositories', () => {
  let simulator: SimulatorHarness
  let run: SampleRun
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock: new FakeClock() })
    run = await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  const json = async (path: string, headers?: Record<string, string>) =>
    (await (await simulator.get(path, headers)).json()) as Record<string, unknown>

  it('ignore case and answer in the canonical spelling', async () => {
    expect(await json('/repos/OCTO-ORG/App')).toMatchObject({ full_name: 'octo-org/app' })
  })

  it('redirect a former name to the number, with path and query kept', async () => {
    const { id } = await json('/repos/octo-org/app')
    await simulator.control('PATCH', '/repositories/octo-org/app', { name: 'renamed' })
    const response = await simulator.get(`/repos/octo-org/app/actions/runs/${run.runId}?x=1`)
    const location = `${simulator.base}/repositories/${id}/actions/runs/${run.runId}?x=1`
    expect([response.status, response.headers.get('location')]).toEqual([301, location])
    const followed = await simulator.get(location.slice(simulator.base.length))
    expect(await followed.json()).toMatchObject({ id: run.runId, repository: { full_name: 'octo-org/renamed' } })
  })

  it('give a former name to whoever takes it', async () => {
    await simulator.control('PATCH', '/repositories/octo-org/app', { name: 'renamed' })
    const taken = await simulator.control('POST', '/repositories', { owner: 'octo-org', name: 'app' })
    expect(await json('/repos/octo-org/app')).toMatchObject({ id: taken['id'] })
  })

  it('hide a private repository from everybody who may not read it', async () => {
    await simulator.control('PATCH', '/repositories/octo-org/app', { visibility: 'private', readers: ['bob'] })
    await simulator.control('POST', '/credentials', { name: 'owner', token: 'o', user: 'octo-org' })
    await simulator.control('POST', '/credentials', { name: 'bob', token: 'b', user: 'bob' })
    await simulator.control('POST', '/credentials', { name: 'eve', token: 'e', user: 'eve' })
    const path = `/repos/octo-org/app/actions/runs/${run.runId}`
    const status = async (authorization: string) => (await simulator.get(path, { authorization })).status
    expect([await status('token o'), await status('token b'), await status('token e')]).toEqual([200, 200, 404])
    expect((await fetch(simulator.base + path)).status).toBe(404)
  })

  it.each([
    '/repos/octo-org/app/actions/runs/0',
    '/repos/octo-org/app/actions/runs/-1',
    '/repos/octo-org/app/actions/runs/1e3',
    '/repos/octo-org/app/actions/runs/9007199254740993',
    '/repos/octo-org/app/actions/jobs/1',
    '/repos/octo-org/app/actions/artifacts/x',
    '/repos/octo-org/app/pulls/99',
    '/repos/octo-org/app/unheard-of',
    '/repos/octo-org/%2e%2e/actions/runs',
    '/repositories/abc',
    '/repositories/1',
  ])('answer 404 for %s', async path => {
    expect((await simulator.get(path)).status).toBe(404)
  })

  it("do not show a repository another one's run, attempt, job or artifact", async () => {
    const artifact = await simulator.control('POST', `/runs/${run.runId}/artifacts`, { name: 'proof' })
    const paths = [
      `runs/${run.runId}`,
      `runs/${run.runId}/attempts/1`,
      `jobs/${run.jobId}`,
      `artifacts/${artifact['id']}`,
    ]
    const statuses = paths.map(async path => (await simulator.get(`/repos/alice/app/actions/${path}`)).status)
    expect(await Promise.all(statuses)).toEqual([404, 404, 404, 404])
  })

  it('show a fork as such, with the repository it came from', async () => {
    expect(await json('/repos/alice/app')).toMatchObject({ fork: true, parent: { full_name: 'octo-org/app' } })
  })

  it('refuse an API version nobody knows', async () => {
    expect((await simulator.get('/meta', { 'x-github-api-version': '2000-01-01' })).status).toBe(400)
  })
})

describe('pages of a list', () => {
  const all = Array.from({ length: 95 }, (_, index) => index)
  const page = (query: string) => paginateList(all, new URLSearchParams(query), 'http://x/list')

  it.each([
    ['', 0, 30],
    ['per_page=100', 0, 95],
    ['per_page=1000', 0, 95],
    ['per_page=0', 0, 30],
    ['per_page=-5&page=x', 0, 30],
    ['per_page=10&page=10', 90, 5],
    ['page=99', undefined, 0],
  ])('for "%s" begins with %s and holds %s', (query, first, length) => {
    const { items, total } = page(query)
    expect([items[0], items.length, total]).toEqual([first, length, 95])
  })

  it('leads on, back and to both ends, and keeps the filters', () => {
    const { link } = page('name=a&per_page=30&page=2').headers
    expect(link).toBe(
      '<http://x/list?name=a&per_page=30&page=1>; rel="prev", <http://x/list?name=a&per_page=30&page=3>; rel="next", ' +
        '<http://x/list?name=a&per_page=30&page=4>; rel="last", <http://x/list?name=a&per_page=30&page=1>; rel="first"',
    )
  })

  it('needs no header when all fits on one', () => {
    expect(page('per_page=100').headers).toEqual({})
  })
})
