import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
} from '../testing/simulator-harness.ts'

describe('the log of a job', () => {
  const clock = new FakeClock(Date.UTC(2026, 10, 25, 9, 30))
  let simulator: SimulatorHarness
  let run: SampleRun
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock })
    run = await createSampleRun(simulator)
    await simulator.control('POST', `/jobs/${run.jobId}/log`, { step: 2, lines: ['first', 'sëcond'] })
  })
  afterEach(() => simulator.stop())

  const location = async () => {
    const response = await simulator.get(`/repos/octo-org/app/actions/jobs/${run.jobId}/logs`)
    expect([response.status, await response.text()]).toEqual([302, ''])
    return response.headers.get('location') ?? ''
  }
  const finish = () => simulator.control('PATCH', `/jobs/${run.jobId}`, { status: 'completed' })

  it('is a redirect to nothing while the job runs', async () => {
    const blob = await fetch(await location())
    expect([blob.status, await blob.text()]).toEqual([404, expect.stringContaining('<Code>BlobNotFound</Code>')])
  })

  it('is text with a byte order mark and a timestamp before each line once the job is over', async () => {
    await finish()
    const bytes = Buffer.from(await (await fetch(await location())).arrayBuffer())
    const stamp = new Date(clock.now()).toISOString().slice(0, 23)
    expect(bytes.toString('utf8')).toBe(`\u{feff}${stamp}0000Z first\n${stamp}0000Z sëcond\n`)
  })

  it('cannot be fetched any more after a minute', async () => {
    await finish()
    const url = await location()
    clock.advance(61_000)
    expect((await fetch(url)).status).toBe(403)
  })

  it.each(['sig', 'se', 'sp'])('cannot be fetched with another %s', async name => {
    await finish()
    const url = new URL(await location())
    url.searchParams.set(name, name === 'se' ? '99999999999' : 'w')
    expect((await fetch(url)).status).toBe(403)
  })

  it("cannot be fetched by another job's signature", async () => {
    await finish()
    const url = await location()
    expect((await fetch(url.replace(String(run.jobId), String(run.jobId + 1)))).status).toBe(403)
  })

  it('is refused to those who are not signed in', async () => {
    const response = await fetch(`${simulator.base}/repos/octo-org/app/actions/jobs/${run.jobId}/logs`)
    expect(response.status).toBe(403)
  })
})
