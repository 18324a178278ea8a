import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JobAssignment, RunnerPort } from '../runner/runner-port.ts'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

const expression = (text: string) => `\${{ ${text} }}`

interface Started {
  job: JobAssignment
  end: (conclusion: 'success' | 'failure', outputs?: Record<string, string>) => void
}

/** Jobs run until the test ends them. */
function steeredRunner(started: Started[]): RunnerPort {
  return {
    execute(job, observer, signal) {
      observer.jobStarted('GitHub Actions 1')
      observer.stepStarted({ number: 1, name: 'Set up job' })
      return new Promise(resolve => {
        signal.addEventListener('abort', () => resolve({ conclusion: 'cancelled', outputs: {} }))
        started.push({ job, end: (conclusion, outputs = {}) => resolve({ conclusion, outputs }) })
      })
    },
  }
}

describe('runs of workflows', () => {
  let simulator: SimulatorHarness
  let started: Started[]
  const steps = [{ run: 'true' }]
  beforeEach(async () => {
    started = []
    simulator = await openSimulatorHarness({ runner: steeredRunner(started) })
    await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  const start = async (jobs: object, more: object = {}) => {
    const workflow = { name: 'ci', jobs }
    const answer = await simulator.control('POST', '/workflows', {
      repository: 'octo-org/app',
      pullRequest: 1,
      workflow,
      ...more,
    })
    return { id: Number(answer['runId']), jobs: answer['jobs'] as { name: string }[] }
  }
  const running = (count: number) => expect.poll(() => started.length).toBe(count)
  const read = (id: number) => simulator.control('GET', `/runs/${id}`)
  const finished = async (id: number) => {
    await expect.poll(async () => (await read(id))['status']).toBe('completed')
    return (await read(id)) as { conclusion: string; jobs: { name: string; conclusion: string }[] }
  }
  const results = (run: { jobs: { name: string; conclusion: string }[] }) =>
    run.jobs.map(job => [job.name, job.conclusion])

  it('start a job when what it needs is over, with its outputs, and name it then', async () => {
    const { id, jobs } = await start({
      a: { steps },
      b: { needs: 'a', name: `after ${expression('needs.a.outputs.v')}`, steps },
    })
    expect(jobs.map(({ name }) => name)).toEqual(['a'])
    await running(1)
    started[0]?.end('success', { v: '42' })
    await running(2)
    expect(started[1]?.job.needsOutputs).toEqual({ a: { result: 'success', outputs: { v: '42' } } })
    started[1]?.end('success')
    const run = await finished(id)
    expect([run.conclusion, results(run)]).toEqual([
      'success',
      [
        ['a', 'success'],
        ['after 42', 'success'],
      ],
    ])
  })

  it('skip what needs a failed job, but run what asks for failures', async () => {
    const { id } = await start({
      a: { steps },
      b: { needs: 'a', steps },
      c: { needs: 'b', if: 'always()', steps },
      d: { needs: 'a', if: 'failure()', steps },
    })
    await running(1)
    started[0]?.end('failure')
    await running(3)
    for (const { end } of started.slice(1)) end('success')
    const run = await finished(id)
    expect(run.conclusion).toBe('failure')
    expect(new Map(results(run) as [string, string][])).toEqual(
      new Map([
        ['a', 'failure'],
        ['b', 'skipped'],
        ['c', 'success'],
        ['d', 'success'],
      ]),
    )
  })

  it('skip a job whose condition is false', async () => {
    const { id } = await start({ a: { if: "github.event_name == 'push'", steps } })
    expect(await finished(id)).toMatchObject({ conclusion: 'skipped', jobs: [{ name: 'a', conclusion: 'skipped' }] })
  })

  it('run a matrix at once, or as many at a time as max-parallel says', async () => {
    const strategy = { matrix: { n: [1, 2, 3] }, 'max-parallel': 2 }
    const { id, jobs } = await start({ m: { strategy, steps } })
    expect(jobs.map(({ name }) => name)).toEqual(['m (1)', 'm (2)', 'm (3)'])
    await running(2)
    started[0]?.end('success')
    await running(3)
    for (const { end } of started) end('success')
    expect((await finished(id)).conclusion).toBe('success')
    expect(started.map(({ job }) => job.matrix)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })

  it('end as cancelled when cancelled, with what has not begun', async () => {
    const { id } = await start({ a: { steps }, b: { needs: 'a', steps } })
    await running(1)
    await simulator.control('POST', `/runs/${id}/cancel`)
    const run = await finished(id)
    expect([run.conclusion, started.length]).toEqual(['cancelled', 1])
  })

  it('wait for approval without any job, then run under the same id and attempt', async () => {
    const { id, jobs } = await start({ a: { steps } }, { awaitsApproval: true })
    expect([jobs, await read(id)]).toMatchObject([[], { status: 'completed', conclusion: 'action_required' }])
    await simulator.control('POST', `/runs/${id}/approve`)
    await running(1)
    expect(await read(id)).toMatchObject({ status: 'in_progress', attempt: 1 })
  })

  it('are executed again as the next attempt with new jobs', async () => {
    const { id } = await start({ a: { steps } })
    await running(1)
    started[0]?.end('success')
    await finished(id)
    await simulator.control('POST', `/runs/${id}/attempts`, { triggeringActor: 'maintainer' })
    await running(2)
    const [first, second] = started.map(({ job }) => job)
    expect(second?.githubContext).toMatchObject({ run_attempt: '2', triggering_actor: 'maintainer', actor: 'alice' })
    expect(second?.jobId).not.toBe(first?.jobId)
  })

  it("give a fork's job the context of its pull request", async () => {
    await start({ a: { steps } })
    await running(1)
    const { job } = started[0] as Started
    expect(job.githubContext).toMatchObject({
      event_name: 'pull_request',
      repository: 'octo-org/app',
      ref: 'refs/pull/1/merge',
      ref_name: '1/merge',
      head_ref: 'fix',
      base_ref: 'main',
      secret_source: 'None',
      event: { action: 'opened', number: 1, pull_request: { head: { repo: { fork: true } }, merge_commit_sha: null } },
    })
    expect(job.serverUrl).toMatch(/^http:\/\/github\.localhost:\d+$/)
  })

  it("let a job's GITHUB_TOKEN read while the job runs and not after", async () => {
    const { id } = await start({ a: { steps } })
    await running(1)
    const authorization = `Bearer ${started[0]?.job.githubContext['token']}`
    const during = await simulator.get('/repos/octo-org/app', { authorization })
    expect([during.status, during.headers.get('x-ratelimit-limit')]).toEqual([200, '1000'])
    started[0]?.end('success')
    await finished(id)
    expect((await simulator.get('/repos/octo-org/app', { authorization })).status).toBe(401)
  })

  it('end as failed when the runner breaks', async () => {
    await simulator.stop()
    simulator = await openSimulatorHarness({ runner: { execute: () => Promise.reject(new Error('broken')) } })
    await createSampleRun(simulator)
    const { id } = await start({ a: { steps } })
    expect(await finished(id)).toMatchObject({ conclusion: 'failure', jobs: [{ conclusion: 'failure' }] })
  })

  it.each([
    [{ a: { steps, needs: 'b' } }, 422],
    [{ a: { steps: [] } }, 400],
    [{ a: { steps: [{ run: 'x', uses: 'y' }] } }, 400],
    [{}, 400],
  ])('are refused for %j with %s', async (jobs, status) => {
    const body = { repository: 'octo-org/app', workflow: { jobs } }
    expect((await simulator.rawControl('POST', '/workflows', body)).status).toBe(status)
    expect(started).toEqual([])
  })
})
