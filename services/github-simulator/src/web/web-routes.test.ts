import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
  testSession,
} from '../testing/simulator-harness.ts'

describe('live log pages', () => {
  const clock = new FakeClock()
  let simulator: SimulatorHarness
  let run: SampleRun
  let runPath: string
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock })
    run = await createSampleRun(simulator)
    runPath = `/octo-org/app/actions/runs/${run.runId}`
  })
  afterEach(() => simulator.stop())

  const page = (path: string, cookie = `a=b; user_session=${testSession}`) =>
    fetch(simulator.base + path, { redirect: 'manual', headers: { cookie, accept: 'application/json' } })
  const stepIds = async () =>
    (await (await page(`/web${runPath}/jobs/${run.hiddenId}/steps`)).json()) as {
      id: string
      name: string
      status: string
    }[]
  const lines = async (stepId: string) => {
    const response = await page(`/web${runPath}/jobs/${run.hiddenId}/steps/${stepId}/backscroll`)
    return ((await response.json()) as { lines: { line: string }[] }).lines.map(({ line }) => line)
  }
  const write = (...text: string[]) => simulator.control('POST', `/jobs/${run.jobId}/log`, { step: 2, lines: text })

  it('lead from the REST id of the job to its hidden one, its steps and their lines', async () => {
    await write('one', 'two <b>')
    const html = await (await page(`/web${runPath}/job/${run.jobId}`)).text()
    const match = new RegExp(`${runPath}/jobs/(\\w+)/steps/[\\w-]+/backscroll`).exec(html)
    expect(match?.[1]).toBe(run.hiddenId)
    expect(run.hiddenId).not.toBe(String(run.jobId))
    const [, proof] = await stepIds()
    expect(proof).toMatchObject({ name: 'Run the proof', status: 'in_progress', number: 2 })
    expect(await lines(proof?.id ?? '')).toEqual(['one', 'two <b>'])
  })

  it('are served at the addresses that the page itself names', async () => {
    expect((await page(`${runPath}/jobs/${run.hiddenId}/steps`)).status).toBe(200)
  })

  it.each(['', 'user_session=wrong', `session=${testSession}`, `user_session=${testSession}x`])(
    'send everybody with the cookie "%s" to the login',
    async cookie => {
      const response = await page(`/web${runPath}/job/${run.jobId}`, cookie)
      expect([response.status, response.headers.get('location')]).toEqual([302, '/login'])
    },
  )

  it('show lines as late as the behaviour says', async () => {
    await simulator.control('PUT', '/dials', { logLagMs: 3_000 })
    await write('late')
    const [, proof] = await stepIds()
    expect(await lines(proof?.id ?? '')).toEqual([])
    clock.advance(3_000)
    expect(await lines(proof?.id ?? '')).toEqual(['late'])
  })

  it('show the last thousand lines only', async () => {
    await write(...Array.from({ length: 1_200 }, (_, index) => `line ${index}`))
    const [, proof] = await stepIds()
    const seen = await lines(proof?.id ?? '')
    expect([seen.length, seen[0], seen.at(-1)]).toEqual([1_000, 'line 200', 'line 1199'])
  })

  it("do not show another step's lines", async () => {
    await write('of step 2')
    const [first] = await stepIds()
    expect(await lines(first?.id ?? '')).toEqual([])
  })

  it('answer 404 for what is not in that run', async () => {
    const paths = [
      `/web/octo-org/app/actions/runs/${run.runId}/job/${run.jobId + 1}`,
      `/web/octo-org/app/actions/runs/${run.runId + 1}/job/${run.jobId}`,
      `/web/alice/app/actions/runs/${run.runId}/job/${run.jobId}`,
      `/web${runPath}/jobs/${run.jobId}/steps`,
      `/web${runPath}/jobs/${run.hiddenId}/steps/none/backscroll`,
    ]
    const statuses = await Promise.all(paths.map(async path => (await page(path)).status))
    expect(statuses).toEqual([404, 404, 404, 404, 404])
  })

  it('escape names that would be markup', async () => {
    await simulator.control('PATCH', `/jobs/${run.jobId}/steps/2`, { name: '<script>"&' })
    expect(await (await page(`/web${runPath}/job/${run.jobId}`)).text()).toContain('&lt;script&gt;&quot;&amp;')
  })

  it('are counted apart from REST', async () => {
    await page(`/web${runPath}/job/${run.jobId}`)
    await page(`/web${runPath}/job/${run.jobId}`, '')
    const { total } = await simulator.control('GET', '/requests')
    expect(total).toMatchObject({ rest: { counted: 0 }, web: { counted: 1, rejected: 1 } })
  })
})
