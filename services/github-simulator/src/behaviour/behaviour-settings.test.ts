import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'
import { BehaviourSettings } from './behaviour-settings.ts'
import { neutralBehaviour } from './simulated-behaviour.ts'

describe('settings of behaviour', () => {
  let simulator: SimulatorHarness
  const path = '/repos/octo-org/app'
  beforeEach(async () => {
    simulator = await openSimulatorHarness()
    await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  it('hold an answer for the latency, here half a second at least', async () => {
    await simulator.control('PUT', '/dials', { latencyMs: 500 })
    const startedAt = performance.now()
    await simulator.get(path)
    expect(performance.now() - startedAt).toBeGreaterThan(490)
  })

  it('fail the same requests again for the same seed', async () => {
    const statuses = async () => {
      await simulator.control('PUT', '/dials', { errorRate: { status: 502, rate: 0.5, seed: 7 } })
      const seen: number[] = []
      for (let count = 0; count < 12; count += 1) seen.push((await simulator.get(path)).status)
      return seen
    }
    const first = await statuses()
    expect(first).toEqual(expect.arrayContaining([200, 502]))
    expect(await statuses()).toEqual(first)
  })

  it('send JSON that does not parse', async () => {
    await simulator.control('PUT', '/dials', { malformedJsonRate: 1 })
    const response = await simulator.get(path)
    await expect(response.json()).rejects.toThrow(SyntaxError)
  })

  it('cut the connection in the middle of an answer', async () => {
    await simulator.control('PUT', '/dials', { truncateRate: 1 })
    const response = await simulator.get(path)
    await expect(response.text()).rejects.toThrow('terminated')
  })

  it('never answer while they say hang, and stopping does not wait for it', async () => {
    await simulator.control('PUT', '/dials', { hang: true })
    const signal = AbortSignal.timeout(150)
    await expect(fetch(simulator.base + path, { signal })).rejects.toThrow('timeout')
    const pending = fetch(simulator.base + path)
    pending.catch(() => undefined)
    await simulator.stop()
    await expect(pending).rejects.toThrow()
  })

  it('of one repository leave the others alone', async () => {
    await simulator.control('PUT', '/repositories/alice/app/dials', { secondaryLimit: true })
    expect((await simulator.get('/repos/ALICE/app')).status).toBe(403)
    expect((await simulator.get(path)).status).toBe(200)
    await simulator.control('DELETE', '/dials')
    expect((await simulator.get('/repos/alice/app')).status).toBe(200)
  })

  it('keep their values when others are changed', async () => {
    await simulator.control('PUT', '/dials', { logLagMs: 5 })
    expect(await simulator.control('PUT', '/dials', { hang: false })).toMatchObject({ logLagMs: 5 })
  })

  it.each([
    { latencyMs: -1 },
    { latencyMs: '100' },
    { errorRate: { status: 200, rate: 1, seed: 1 } },
    { errorRate: { status: 500, rate: 2, seed: 1 } },
    { limitStatus: 500 },
    { unheardOf: 1 },
  ])('refuse %j and stay as they were', async wrong => {
    expect((await simulator.rawControl('PUT', '/dials', wrong)).status).toBe(400)
    expect(await simulator.control('GET', '/dials')).toEqual(neutralBehaviour)
  })

  it('use up no random number for a share of nothing', () => {
    const settings = new BehaviourSettings()
    settings.chance(0)
    const first = settings.chance(0.5)
    const fresh = new BehaviourSettings()
    expect(fresh.chance(0.5)).toBe(first)
  })
})
