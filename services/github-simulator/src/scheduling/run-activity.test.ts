import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
} from '../testing/simulator-harness.ts'

describe('a busy run', () => {
  const clock = new FakeClock()
  const actions = '/repos/octo-org/app/actions'
  let simulator: SimulatorHarness
  let run: SampleRun
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock })
    run = await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  const setActivity = (body: object) => simulator.control('PUT', `/runs/${run.runId}/activity`, body)
  const list = async (query = '') => {
    const response = await simulator.get(`${actions}/runs/${run.runId}/artifacts?${query}`)
    const body = (await response.json()) as { total_count: number; artifacts: { id: number; name: string }[] }
    return { ...body, tag: response.headers.get('etag') ?? '' }
  }
  /** Lets the loops act once per `ms`. */
  const pass = async (ms: number, times: number) => {
    for (let count = 0; count < times; count += 1) {
      const waiting = clock.sleeping
      clock.advance(ms)
      await expect.poll(() => clock.sleeping).toBe(waiting)
    }
  }

  it('has as many artifacts as are asked for, newest first', async () => {
    await setActivity({ artifactsThere: 200 })
    const { total_count, artifacts } = await list('per_page=100')
    const ids = artifacts.map(({ id }) => id)
    expect([total_count, ids]).toEqual([200, ids.toSorted((a, b) => b - a)])
  })

  it('lists another artifact each second, and an exact name as before', async () => {
    await setActivity({ artifactEveryMs: 1_000 })
    const [before, empty] = [await list(), await list('name=proof')]
    await pass(1_000, 3)
    const after = await list()
    expect([before.total_count, after.total_count, after.tag === before.tag]).toEqual([0, 3, false])
    expect((await list('name=proof')).tag).toBe(empty.tag)
  })

  it('shows what is new as late as the listing lags', async () => {
    await simulator.control('PUT', '/dials', { artifactListingLagMs: 5_000 })
    await setActivity({ artifactEveryMs: 1_000 })
    await pass(1_000, 5)
    expect((await list()).total_count).toBe(0)
    await pass(1_000, 2)
    expect((await list()).total_count).toBe(2)
  })

  it('has steps that end and begin in each job that runs, and in no other', async () => {
    const made = await simulator.control('POST', `/runs/${run.runId}/jobs`, { name: 'later', status: 'queued' })
    await setActivity({ stepEveryMs: 2_000 })
    await pass(2_000, 2)
    const steps = async (id: unknown) =>
      ((await simulator.control('GET', `/jobs/${id}`))['steps'] as { name: string; status: string }[]).map(
        ({ name, status }) => `${name} ${status}`,
      )
    expect((await steps(run.jobId)).slice(2)).toEqual(['Work 1 completed', 'Work 2 in_progress'])
    expect(await steps(made['id'])).toEqual([])
  })

  it('is quiet once the activity or the run is over', async () => {
    await setActivity({ artifactEveryMs: 1_000 })
    await setActivity({})
    expect(clock.sleeping).toBe(0)
    await setActivity({ artifactEveryMs: 1_000 })
    await simulator.control('PATCH', `/runs/${run.runId}`, { status: 'completed' })
    clock.advance(1_000)
    await expect.poll(() => clock.sleeping).toBe(0)
  })

  it.each([{ artifactsThere: 10_001 }, { artifactEveryMs: 0 }, { stepEveryMs: -1 }, { noise: 1 }])(
    'is not made by %j',
    async body => {
      expect((await simulator.rawControl('PUT', `/runs/${run.runId}/activity`, body)).status).toBe(400)
    },
  )
})
