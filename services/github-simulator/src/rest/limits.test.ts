import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSampleRun, openSimulatorHarness, type SimulatorHarness } from '../testing/simulator-harness.ts'

describe('limits', () => {
  let simulator: SimulatorHarness
  const clock = new FakeClock()
  const path = '/repos/octo-org/app'
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock })
    await createSampleRun(simulator)
  })
  afterEach(() => simulator.stop())

  const addCredential = (name: string, more: object) =>
    simulator.control('POST', '/credentials', { name, token: `${name}-token`, ...more })
  const getAs = (name: string, headers: Record<string, string> = {}) =>
    simulator.get(path, { authorization: `Bearer ${name}-token`, ...headers })
  const remaining = (response: Response) => response.headers.get('x-ratelimit-remaining')

  it('refuse with 403 and nothing remaining once the hour is used up, conditional requests too', async () => {
    await addCredential('small', { limitPerHour: 1 })
    const first = await getAs('small')
    const second = await getAs('small', { 'if-none-match': first.headers.get('etag') ?? '' })
    expect([first.status, second.status, remaining(second)]).toEqual([200, 403, '0'])
    expect(await second.json()).toMatchObject({ message: expect.stringContaining('API rate limit exceeded for') })
    expect(second.headers.get('retry-after')).toBeNull()
  })

  it('begin anew after the reset that they announced', async () => {
    await addCredential('small', { limitPerHour: 1 })
    const reset = Number((await getAs('small')).headers.get('x-ratelimit-reset'))
    clock.advance(reset * 1_000 - clock.now())
    expect((await getAs('small')).status).toBe(200)
  })

  it('are one for all credentials of a user, and apart for others', async () => {
    await addCredential('one', { user: 'alice' })
    await addCredential('two', { user: 'Alice' })
    await getAs('one')
    await getAs('two')
    expect(remaining(await getAs('one'))).toBe('4997')
    expect(remaining(await simulator.get(path))).toBe('4999')
  })

  it('give anonymous clients sixty an hour', async () => {
    const response = await fetch(simulator.base + path)
    expect([response.headers.get('x-ratelimit-limit'), remaining(response)]).toEqual(['60', '59'])
  })

  it('are told for free, and /rate_limit is answered even when all is used', async () => {
    await simulator.control('PUT', '/dials', { primaryLimit: 0, limitStatus: 429 })
    const limits = await simulator.get('/rate_limit')
    expect([limits.status, (await simulator.get(path)).status]).toEqual([200, 429])
    expect(await limits.json()).toMatchObject({ resources: { core: { limit: 0, remaining: 0 } }, rate: { limit: 0 } })
  })

  it('have no top-level rate in API version 2026-03-10', async () => {
    const response = await simulator.get('/rate_limit', { 'x-github-api-version': '2026-03-10' })
    expect(await response.json()).not.toHaveProperty('rate')
    expect(response.headers.get('x-github-api-version-selected')).toBe('2026-03-10')
  })

  it('of the secondary kind name the seconds to wait and cost no primary request', async () => {
    await simulator.control('PUT', '/dials', { secondaryLimit: true, secondaryRetryAfterSeconds: 7, limitStatus: 429 })
    const response = await simulator.get(path)
    expect([response.status, response.headers.get('retry-after'), remaining(response)]).toEqual([429, '7', '5000'])
    expect(await response.json()).toMatchObject({ message: expect.stringMatching(/secondary rate limit/) })
  })

  it('are counted per route and credential, apart for refusals and 304s', async () => {
    await simulator.control('DELETE', '/requests')
    const tag = (await simulator.get(path)).headers.get('etag') ?? ''
    await simulator.get(path, { 'if-none-match': tag })
    await simulator.get(path, { authorization: 'Bearer nobody' })
    const report = await simulator.control('GET', '/requests')
    const counts = { counted: 1, notModified: 1, rejected: 1 }
    expect(report['total']).toMatchObject({ rest: counts })
    expect(report['routes']).toEqual([{ surface: 'rest', route: 'GET /repos/{owner}/{repo}', ...counts }])
    expect(report['credentials']).toContainEqual({ surface: 'rest', credential: 'tests', ...counts, rejected: 0 })
  })

  it.each(['Bearer nobody', 'token', 'Basic bm9ib2R5Om5vdGhpbmc=', 'Digest x'])(
    'answer 401 to %s',
    async authorization => {
      const response = await simulator.get(path, { authorization })
      expect([response.status, await response.json()]).toMatchObject([401, { message: 'Bad credentials' }])
    },
  )

  it('know a basic pair as one credential', async () => {
    const basic = { username: 'client', password: 'secret' }
    await simulator.control('POST', '/credentials', { name: 'app', basic })
    const authorization = `Basic ${Buffer.from('client:secret').toString('base64')}`
    expect((await simulator.get(path, { authorization })).headers.get('x-ratelimit-limit')).toBe('5000')
  })
})
