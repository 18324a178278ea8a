import { silentLogger } from '@forkproof/infra/log'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, test } from 'vitest'
import { aClaimSpec, fakeNowMs, rawArtifact, rawRun } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { createObserverHarness } from '../testing/observer-harness.ts'
import { GithubTime } from './github-time.ts'

const spec = await aClaimSpec({ channels: ['artifact'] })
const iso = (ms: number) => new Date(ms).toISOString()
const origin = 'https://api.github.example'

describe('GitHub’s time', () => {
  async function measured(aheadMs: number, answers: number, tookMs = 100, url = `${origin}/repos`) {
    const clock = new FakeClock(fakeNowMs)
    const time = new GithubTime({ clock, log: silentLogger })
    const fetch = time.measuring(async () => {
      clock.advance(tookMs / 2)
      const date = new Date(clock.now() + aheadMs).toUTCString()
      clock.advance(tookMs / 2)
      return new Response(null, { headers: { date } })
    }, origin)
    for (let answer = 0; answer < answers; answer++) {
      await fetch(url)
      clock.advance(370)
    }
    return time.aheadMs
  }
  test.each([-600_000, -90_000, -5_000, 5_000, 90_000, 600_000])(
    'is known to a second after one answer and better after many: %i ms ahead',
    async aheadMs => {
      expect(Math.abs((await measured(aheadMs, 1)) - aheadMs)).toBeLessThanOrEqual(1_100)
      expect(Math.abs((await measured(aheadMs, 50)) - aheadMs)).toBeLessThanOrEqual(300)
    },
  )
  test.each([-200, 0, 200])('is ours when it may be: %i ms ahead', async aheadMs => {
    expect(Math.abs(await measured(aheadMs, 50))).toBeLessThanOrEqual(200)
  })
  test('is not confused by answers that take long', async () => {
    expect(await measured(0, 5, 9_000)).toBe(0)
  })
  test('is not taken from other hosts', async () => {
    expect(await measured(90_000, 5, 100, 'https://logs.example/1')).toBe(0)
  })
})

describe('a claim while the clocks differ', () => {
  const skews = [-110_000, -60_000, -31_000, -5_000, 5_000, 31_000, 60_000, 110_000]
  test.each(skews)('is proven, and costs the same: GitHub is %i ms ahead', async aheadMs => {
    const { clock, github, nudge, watch } = createObserverHarness()
    github.aheadMs = aheadMs
    github.run = rawRun({ run_started_at: iso(fakeNowMs + aheadMs - 2_000) })
    const watched = watch(spec)
    await pass(clock, 500)
    github.artifacts = [rawArtifact(spec.challengeCode, { created_at: iso(clock.now() + aheadMs) })]
    nudge(spec.claimId, 'shown')
    await pass(clock, 500, () => watched.report !== undefined)
    expect(watched.report).toMatchObject({ result: { kind: 'verified' }, counted: 3 })
  })
  test.each([-125_000, 125_000, 86_400_000])(
    'is refused at once for that when they are too far apart: %i ms',
    async aheadMs => {
      const { clock, github, lines, watch } = createObserverHarness()
      github.aheadMs = aheadMs
      const watched = watch(spec)
      await pass(clock, 50)
      expect(watched.report?.result).toMatchObject({ reason: 'clock_skewed', detail: expect.stringMatching(/ s$/) })
      expect(lines.filter(line => 'delayMs' in line)).toHaveLength(1)
    },
  )
  test.each([-60_000, 60_000])('is refused for a run that started after it: GitHub is %i ms ahead', async aheadMs => {
    const { clock, github, watch } = createObserverHarness()
    github.aheadMs = aheadMs
    github.run = rawRun({ run_started_at: iso(fakeNowMs + aheadMs + 35_000) })
    const watched = watch(spec)
    await pass(clock, 50)
    expect(watched.report?.result).toMatchObject({ reason: 'attempt_not_latest' })
  })
  test('is not proven by an artifact from before it', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    github.aheadMs = 60_000
    const watched = watch({ ...spec, expiresAtMs: fakeNowMs + 10_000 })
    github.artifacts = [rawArtifact(spec.challengeCode, { created_at: iso(fakeNowMs + 60_000 - 35_000) })]
    await pass(clock, 100)
    nudge(spec.claimId, 'shown')
    await pass(clock, 10_100)
    expect(watched.report?.result).toMatchObject({ reason: 'code_not_seen' })
  })
})
