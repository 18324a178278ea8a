import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSampleRun,
  openSimulatorHarness,
  type SampleRun,
  type SimulatorHarness,
} from '../testing/simulator-harness.ts'
import { entityTag, matchesEntityTag } from './entity-tag.ts'

describe('conditional requests', () => {
  let simulator: SimulatorHarness
  let run: SampleRun
  let path: string
  beforeEach(async () => {
    simulator = await openSimulatorHarness({ clock: new FakeClock() })
    run = await createSampleRun(simulator)
    path = `/repos/octo-org/app/actions/runs/${run.runId}`
  })
  afterEach(() => simulator.stop())

  const used = (response: Response) => Number(response.headers.get('x-ratelimit-used'))
  const tagOf = async (headers: Record<string, string> = {}) =>
    (await simulator.get(path, headers)).headers.get('etag') ?? ''

  it('answer 304 without a body while nothing changed, and cost an authorized client nothing', async () => {
    const tag = await tagOf()
    const again = await simulator.get(path, { 'if-none-match': tag })
    expect([again.status, await again.text(), used(again), again.headers.get('etag')]).toEqual([304, '', 1, tag])
  })

  it('cost an anonymous client the same as any other request', async () => {
    const response = await fetch(simulator.base + path)
    const headers = { 'if-none-match': response.headers.get('etag') ?? '' }
    const again = await fetch(simulator.base + path, { headers })
    expect([again.status, used(again)]).toEqual([304, 2])
  })

  it('answer 200 with another validator once the state changed', async () => {
    const tag = await tagOf()
    await simulator.control('PATCH', `/runs/${run.runId}`, { status: 'completed' })
    const again = await simulator.get(path, { 'if-none-match': tag })
    expect([again.status, used(again), again.headers.get('etag') === tag]).toEqual([200, 2, false])
  })

  it('do not accept a validator that another credential was given', async () => {
    await simulator.control('POST', '/credentials', { name: 'second', token: 'second-token' })
    const tag = await tagOf()
    const other = await simulator.get(path, { authorization: 'token second-token', 'if-none-match': tag })
    expect(other.status).toBe(200)
  })

  it('get a weak validator for compressible answers and a strong one else, and match both', async () => {
    const strong = await tagOf({ 'accept-encoding': 'identity' })
    const weak = await tagOf({ 'accept-encoding': 'gzip' })
    expect([weak, strong.startsWith('"')]).toEqual([`W/${strong}`, true])
    const again = await simulator.get(path, { 'accept-encoding': 'gzip', 'if-none-match': strong })
    expect(again.status).toBe(304)
  })

  it('never turn an error into 304', async () => {
    const missing = await simulator.get('/repos/octo-org/none', { 'if-none-match': '*' })
    expect([missing.status, missing.headers.get('etag')]).toEqual([404, null])
  })

  it.each([
    [undefined, false],
    ['', false],
    ['"other"', false],
    ['*', true],
    ['"other", W/"x"', true],
  ])('with If-None-Match %s match "x": %s', (header, expected) => {
    expect(matchesEntityTag(header, '"x"')).toBe(expected)
  })

  it('have validators that depend on credential, address and content', () => {
    const tags = [
      entityTag('a', '/x', '{}', false),
      entityTag('b', '/x', '{}', false),
      entityTag('a', '/y', '{}', false),
      entityTag('a', '/x', '[]', false),
    ]
    expect(new Set(tags).size).toBe(4)
  })
})
