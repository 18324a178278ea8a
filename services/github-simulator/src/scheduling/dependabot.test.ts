import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JobAssignment } from '../runner/runner-port.ts'
import { fakeEndlessRunner } from '../testing/fake-runner.ts'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

const dependabot = 'dependabot[bot]'

describe('a run of Dependabot', () => {
  const repository = 'octo-org/app'
  let simulator: SimulatorHarness
  let assignments: JobAssignment[]
  beforeEach(async () => {
    assignments = []
    simulator = await openSimulatorHarness({ runner: fakeEndlessRunner(job => assignments.push(job)) })
    await createSampleRun(simulator)
    await simulator.control('POST', `/repositories/${repository}/pulls`, {
      headRepository: repository,
      headBranch: 'dependabot/npm_and_yarn/left-pad-2.0.0',
      author: dependabot,
    })
  })
  afterEach(() => simulator.stop())

  const start = async (order: object) => {
    const workflow = { permissions: { 'id-token': 'write' }, jobs: { build: { steps: [{ run: 'true' }] } } }
    const body = { repository, workflow, secrets: { KEY: 'value' }, ...order }
    const { runId } = await simulator.control('POST', '/workflows', body)
    await expect.poll(() => assignments.length).toBe(1)
    return { id: Number(runId), job: assignments[0] as JobAssignment }
  }

  it.each([
    ['of its pull request', { pullRequest: 2 }],
    ['of its push', { event: 'push', actor: dependabot }],
    ['that a maintainer triggers again', { pullRequest: 2, triggeringActor: 'maintainer' }],
  ])('gets no secrets and no way to ask for an ID token: %s', async (_which, order) => {
    const { job } = await start(order)
    expect([job.secrets, job.idTokenRequest, job.githubContext['secret_source']]).toEqual([{}, undefined, 'Dependabot'])
  })

  it.each([
    ['an event that is not restricted', { event: 'schedule', actor: dependabot }],
    ['a maintainer', { pullRequest: 2, actor: 'maintainer' }],
    ['somebody with a similar login', { event: 'push', actor: 'dependabot' }],
  ])('is not one of %s', async (_whose, order) => {
    const { job } = await start(order)
    expect([job.secrets, job.idTokenRequest !== undefined]).toEqual([{ KEY: 'value' }, true])
  })

  it('is shown as one of the repository itself, by a bot', async () => {
    const { id, job } = await start({ pullRequest: 2 })
    const run = (await (await simulator.get(`/repos/${repository}/actions/runs/${id}`)).json()) as object
    expect(run).toMatchObject({
      actor: { login: dependabot, id: 49_699_333, type: 'Bot' },
      head_repository: { full_name: repository },
      pull_requests: [{ number: 2 }],
    })
    expect(job.githubContext).toMatchObject({ actor: dependabot, head_ref: 'dependabot/npm_and_yarn/left-pad-2.0.0' })
    expect(await simulator.control('GET', `/runs/${id}`)).toMatchObject({ isFork: false, isRestricted: true })
  })

  it('gets no ID token by the control API either', async () => {
    const { job } = await start({ pullRequest: 2 })
    const answer = await simulator.rawControl('POST', `/jobs/${job.jobId}/id-token`, { audience: 'x' })
    expect(answer.status).toBe(409)
  })

  it.each(['[bot]', 'a[bot]b', 'a[BOT]x', '-[bot]'])('cannot belong to %s', async author => {
    const body = { headRepository: repository, author }
    expect((await simulator.rawControl('POST', `/repositories/${repository}/pulls`, body)).status).toBe(400)
  })
})
