import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunnerPort } from '../runner/runner-port.ts'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

type Job = { name: string; status: string; conclusion: string | null }

describe('jobs that are held back', () => {
  let simulator: SimulatorHarness
  const ends: (() => void)[] = []
  const steps = [{ run: 'true' }]
  const runner: RunnerPort = {
    execute(_job, observer, signal) {
      observer.jobStarted('GitHub Actions 1')
      return new Promise(resolve => {
        signal.addEventListener('abort', () => resolve({ conclusion: 'cancelled', outputs: {} }))
        ends.push(() => resolve({ conclusion: 'success', outputs: {} }))
      })
    },
  }
  beforeEach(async () => {
    ends.length = 0
    simulator = await openSimulatorHarness({ runner })
    await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  const start = async (jobs: object, repository = 'octo-org/app') => {
    const body = { repository, workflow: { jobs }, ...(repository === 'octo-org/app' ? { pullRequest: 1 } : {}) }
    return Number((await simulator.control('POST', '/workflows', body))['runId'])
  }
  const read = async (id: number) => {
    const response = await simulator.get(`/repos/octo-org/app/actions/runs/${id}`)
    const { status, conclusion } = (await response.json()) as { status: string; conclusion: string | null }
    const jobs = (await simulator.control('GET', `/runs/${id}`))['jobs'] as Job[]
    return { status, conclusion, jobs: jobs.map(job => job.conclusion ?? job.status) }
  }
  const becomes = (id: number, status: string, ...jobs: string[]) =>
    expect.poll(() => read(id)).toMatchObject({ status, jobs })

  it('by the number of runners keep their run queued while another job of it runs', async () => {
    await simulator.control('PUT', '/dials', { runnersMax: 1 })
    const id = await start({ a: { steps }, b: { steps } })
    await becomes(id, 'queued', 'in_progress', 'queued')
    ends[0]?.()
    await becomes(id, 'in_progress', 'success', 'in_progress')
    ends[1]?.()
    await becomes(id, 'completed', 'success', 'success')
  })

  it('by the runners of one repository do not hold back another repository', async () => {
    await simulator.control('PUT', '/repositories/alice/app/dials', { runnersMax: 0 })
    const held = await start({ a: { steps } }, 'alice/app')
    const free = await start({ a: { steps } })
    await becomes(free, 'in_progress', 'in_progress')
    expect((await simulator.control('GET', `/runs/${held}`))['status']).toBe('queued')
    await simulator.control('DELETE', '/dials')
    await expect.poll(async () => (await simulator.control('GET', `/runs/${held}`))['status']).toBe('in_progress')
  })

  it('by a concurrency group are pending, and the run with them', async () => {
    const id = await start({ a: { steps, concurrency: 'One' }, b: { steps, concurrency: { group: 'one' } } })
    await becomes(id, 'pending', 'in_progress', 'pending')
    ends[0]?.()
    await becomes(id, 'in_progress', 'success', 'in_progress')
  })

  it('by a group lose their place to a newcomer', async () => {
    const job = { steps, concurrency: 'deploy' }
    const first = await start({ a: job })
    await becomes(first, 'in_progress', 'in_progress')
    const second = await start({ a: job })
    await becomes(second, 'pending', 'pending')
    const third = await start({ a: job })
    await becomes(second, 'completed', 'cancelled')
    await becomes(third, 'pending', 'pending')
  })

  it('are not held back by the group of the same name in another repository', async () => {
    const job = { steps, concurrency: 'deploy' }
    await start({ a: job })
    const other = await start({ a: job }, 'alice/app')
    await expect.poll(async () => (await simulator.control('GET', `/runs/${other}`))['status']).toBe('in_progress')
  })

  it('by an environment are waiting until it needs no approval any more', async () => {
    await simulator.control('PUT', '/dials', { gatedEnvironments: ['production'] })
    const id = await start({ a: { steps }, b: { steps, environment: { name: 'production' } } })
    await becomes(id, 'waiting', 'in_progress', 'waiting')
    await simulator.control('PUT', '/dials', { gatedEnvironments: [] })
    await becomes(id, 'in_progress', 'in_progress', 'in_progress')
  })

  it('end with their run when it is cancelled', async () => {
    await simulator.control('PUT', '/dials', { gatedEnvironments: ['x'], runnersMax: 1 })
    const id = await start({
      a: { steps, concurrency: 'g' },
      b: { steps, concurrency: 'g' },
      c: { steps },
      d: { steps, environment: 'x' },
    })
    await becomes(id, 'waiting', 'in_progress', 'pending', 'queued', 'waiting')
    await simulator.control('POST', `/runs/${id}/cancel`)
    expect(await read(id)).toMatchObject({ status: 'completed', conclusion: 'cancelled' })
    expect((await read(id)).jobs).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled'])
  })
})
