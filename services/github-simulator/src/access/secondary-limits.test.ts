import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

describe('the secondary limits', () => {
  const clock = new FakeClock()
  const path = '/repos/octo-org/app'
  let simulator: SimulatorHarness
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock })
    await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())
  const statuses = async (count: number, headers: Record<string, string> = {}) => {
    const seen: number[] = []
    for (let index = 0; index < count; index += 1) seen.push((await simulator.get(path, headers)).status)
    return seen
  }

  it('refuse what is over the points of a minute, and say what to wait', async () => {
    await simulator.control('PUT', '/dials', { pointsPerMinute: 2 })
    expect(await statuses(3)).toEqual([200, 200, 403])
    const refused = await simulator.get(path)
    expect([refused.headers.get('retry-after'), refused.headers.get('x-ratelimit-remaining')]).toEqual(['60', '4998'])
    expect(await refused.json()).toMatchObject({
      message: expect.stringMatching(/^You have exceeded a secondary rate limit\./),
      documentation_url: expect.stringContaining('#about-secondary-rate-limits'),
    })
  })

  it('are a rate: each point is free again after its own minute', async () => {
    await simulator.control('PUT', '/dials', { pointsPerMinute: 2, limitStatus: 429 })
    await statuses(1)
    clock.advance(40_000)
    expect(await statuses(2)).toEqual([200, 429])
    clock.advance(20_000)
    expect(await statuses(2)).toEqual([200, 429])
  })

  it('count answers of 304 too', async () => {
    const tag = (await simulator.get(path)).headers.get('etag') ?? ''
    await simulator.control('PUT', '/dials', { pointsPerMinute: 1 })
    expect(await statuses(2, { 'if-none-match': tag })).toEqual([304, 403])
  })

  it('are one for all credentials of a user, and apart for others', async () => {
    await simulator.control('POST', '/credentials', { name: 'a', token: 'a', user: 'alice' })
    await simulator.control('POST', '/credentials', { name: 'b', token: 'b', user: 'Alice' })
    await simulator.control('PUT', '/dials', { pointsPerMinute: 1 })
    expect(await statuses(1, { authorization: 'Bearer a' })).toEqual([200])
    expect(await statuses(1, { authorization: 'Bearer b' })).toEqual([403])
    expect(await statuses(1)).toEqual([200])
    await simulator.control('DELETE', '/quotas')
    expect(await statuses(1, { authorization: 'Bearer b' })).toEqual([200])
  })

  it('refuse requests that come while too many are open', async () => {
    await simulator.control('PUT', '/dials', { concurrentMax: 2, latencyMs: 1_000 })
    const open = [1, 2, 3].map(() => simulator.get(path))
    await expect.poll(() => clock.sleeping).toBe(3)
    clock.advance(500)
    await expect.poll(() => clock.sleeping).toBe(3)
    clock.advance(500)
    const seen = await Promise.all(open.map(async response => (await response).status))
    expect(seen).toContain(403)
    await simulator.control('PUT', '/dials', { latencyMs: 0 })
    expect(await statuses(1)).toEqual([200])
  })

  it('leave time alone: GitHub’s clock can be ahead of ours or behind', async () => {
    for (const clockSkewSeconds of [90, -90]) {
      await simulator.control('PUT', '/dials', { clockSkewSeconds })
      const made = await simulator.control('POST', '/repositories/octo-org/app/runs', { pullRequest: 1 })
      const response = await simulator.get(`${path}/actions/runs/${made['id']}`)
      const { created_at } = (await response.json()) as { created_at: string }
      const theirs = clock.now() + clockSkewSeconds * 1_000
      expect([Date.parse(response.headers.get('date') ?? ''), Date.parse(created_at)]).toEqual([theirs, theirs])
    }
  })
})
