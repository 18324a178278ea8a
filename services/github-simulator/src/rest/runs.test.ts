import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
} from '../testing/simulator-harness.ts'

describe('runs, jobs, artifacts and pull requests', () => {
  const clock = new FakeClock()
  let simulator: SimulatorHarness
  let run: SampleRun
  const actions = '/repos/octo-org/app/actions'
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock })
    run = await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  type Json = Record<string, unknown>
  const json = async (path: string) => (await (await simulator.get(path)).json()) as Json
  const names = (value: unknown) => (value as { name: string }[]).map(({ name }) => name)

  it('show a fork run without pull requests and with the fork as head', async () => {
    const shown = await json(`${actions}/runs/${run.runId}`)
    expect(shown).toMatchObject({
      event: 'pull_request',
      pull_requests: [],
      head_repository: { full_name: 'alice/app' },
    })
  })

  it('show no head repository once the fork is gone', async () => {
    await simulator.control('DELETE', '/repositories/alice/app')
    expect(await json(`${actions}/runs/${run.runId}`)).toMatchObject({ head_repository: null })
    expect(await json('/repos/octo-org/app/pulls/1')).toMatchObject({ head: { repo: null } })
  })

  it('show a run that awaits approval as completed with action_required and no jobs', async () => {
    const { id } = await simulator.control('POST', '/repositories/octo-org/app/runs', {
      pullRequest: 1,
      status: 'completed',
      conclusion: 'action_required',
    })
    expect(await json(`${actions}/runs/${id}`)).toMatchObject({ status: 'completed', conclusion: 'action_required' })
    expect(await json(`${actions}/runs/${id}/jobs`)).toMatchObject({ total_count: 0 })
    await simulator.control('POST', `/runs/${id}/approve`)
    expect(await json(`${actions}/runs/${id}`)).toMatchObject({ status: 'queued', conclusion: null, run_attempt: 1 })
  })

  it('keep the id over attempts, with new jobs, another start and the one who repeated it', async () => {
    clock.advance(5_000)
    await simulator.control('POST', `/runs/${run.runId}/attempts`, {
      triggeringActor: 'maintainer',
      jobs: [{ name: 'b' }],
    })
    const latest = await json(`${actions}/runs/${run.runId}`)
    const first = await json(`${actions}/runs/${run.runId}/attempts/1`)
    expect(latest).toMatchObject({
      run_attempt: 2,
      actor: { login: 'alice' },
      triggering_actor: { login: 'maintainer' },
    })
    expect(first).toMatchObject({ run_attempt: 1, status: 'completed', triggering_actor: { login: 'alice' } })
    expect(latest['run_started_at']).not.toBe(first['run_started_at'])
    expect(names((await json(`${actions}/runs/${run.runId}/jobs`))['jobs'])).toEqual(['b'])
    expect(names((await json(`${actions}/runs/${run.runId}/jobs?filter=all`))['jobs'])).toEqual(['build', 'b'])
    expect((await simulator.get(`${actions}/runs/${run.runId}/attempts/3`)).status).toBe(404)
  })

  it.each([
    ['event=push', 1],
    ['event=pull_request', 1],
    ['status=in_progress', 1],
    ['status=completed', 1],
    ['status=success', 1],
    ['status=failure', 0],
    ['branch=fix', 1],
    ['head_sha=0', 0],
    ['actor=octo-org', 1],
  ])('list the runs with %s: %s', async (query, count) => {
    await simulator.control('POST', '/repositories/octo-org/app/runs', { event: 'push', status: 'completed' })
    expect(await json(`${actions}/runs?${query}`)).toMatchObject({ total_count: count })
  })

  it('find an artifact by its exact name only', async () => {
    for (const name of ['proof', 'proof-2']) await simulator.control('POST', `/runs/${run.runId}/artifacts`, { name })
    const found = await json(`${actions}/runs/${run.runId}/artifacts?name=proof`)
    expect([found['total_count'], names(found['artifacts'])]).toEqual([1, ['proof']])
    expect(await json(`${actions}/runs/${run.runId}/artifacts?name=Proof`)).toMatchObject({ total_count: 0 })
  })

  it('list and unlist an artifact as late as the behaviour says', async () => {
    await simulator.control('PUT', '/dials', { artifactListingLagMs: 2_000 })
    const { id } = await simulator.control('POST', `/runs/${run.runId}/artifacts`, { name: 'proof' })
    const count = async () => (await json(`${actions}/runs/${run.runId}/artifacts`))['total_count']
    expect(await count()).toBe(0)
    clock.advance(2_000)
    expect(await count()).toBe(1)
    await simulator.control('DELETE', `/artifacts/${id}`)
    expect(await count()).toBe(1)
    clock.advance(2_000)
    expect([await count(), (await simulator.get(`${actions}/artifacts/${id}`)).status]).toEqual([0, 404])
  })

  it("show a step's new name as late as the repository's own behaviour says", async () => {
    await simulator.control('PUT', '/repositories/octo-org/app/dials', { stepNameLagMs: 1_000 })
    clock.advance(1_000)
    await simulator.control('PATCH', `/jobs/${run.jobId}/steps/2`, { name: 'proof abc' })
    const stepNames = async () => names((await json(`${actions}/jobs/${run.jobId}`))['steps'])
    expect(await stepNames()).toEqual(['Set up job', 'Run the proof'])
    clock.advance(1_000)
    expect(await stepNames()).toEqual(['Set up job', 'proof abc'])
  })

  it.each([
    ['state=open', [2, 1]],
    ['state=closed', [3]],
    ['state=all&direction=asc', [1, 2, 3]],
    ['head=alice:fix', [1]],
    ['head=ALICE:fix', [1]],
    ['head=bob:fix', []],
    ['head=fix', [2, 1]],
    ['base=main', [2, 1]],
    ['base=other', []],
  ])('list the pull requests with %s', async (query, numbers) => {
    const pulls = '/repositories/octo-org/app/pulls'
    await simulator.control('POST', pulls, { headRepository: 'alice/app', headBranch: 'second' })
    await simulator.control('POST', pulls, { headRepository: 'alice/app', headBranch: 'third', state: 'closed' })
    const list = (await (await simulator.get(`/repos/octo-org/app/pulls?${query}`)).json()) as { number: number }[]
    expect(list.map(({ number }) => number)).toEqual(numbers)
  })

  it('find the pull requests of a commit, and say 422 for a commit that is not there', async () => {
    const pull = await json('/repos/octo-org/app/pulls/1')
    const { sha } = pull['head'] as { sha: string }
    const found = await simulator.get(`/repos/octo-org/app/commits/${sha}/pulls`)
    expect(await found.json()).toMatchObject([{ number: 1, author_association: 'FIRST_TIME_CONTRIBUTOR' }])
    expect((await simulator.get(`/repos/octo-org/app/commits/${'0'.repeat(40)}/pulls`)).status).toBe(422)
  })
})
