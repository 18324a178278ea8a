import { challengeStepName } from '@forkproof/contracts/challenge'
import type { Channel } from '@forkproof/contracts/channels'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import { JobId } from '@forkproof/contracts/ids'
import { describe, expect, test } from 'vitest'
import { aClaimSpec, fakeNowMs, type Json, rawArtifact, rawJob } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { createObserverHarness } from '../testing/observer-harness.ts'

const latencyMs = 100
const iso = (ms: number) => new Date(ms).toISOString()
const jobIdOf = (index: number) => 6_000 + index

interface BusyRun {
  /** Jobs of one matrix, each with a claim. */
  readonly jobs: number
  readonly channel: Channel
  /** Whether claims name their jobs. */
  readonly named: boolean
  /** Time between the codes of two jobs. */
  readonly apartMs: number
  /** How much later than a code GitHub shows it. */
  readonly lagMs: number
  /** More jobs of the run, all queued. */
  readonly queuedJobs?: number
  /** Whether anything else changes: an artifact each second, a step of each job every two. */
  readonly busy: boolean
  /** Claims of strangers for this run, whose codes are shown nowhere. */
  readonly strangers?: readonly ClaimSpec[]
  /** Whether somebody says `shown` ten times a second for every open claim, from the start. */
  readonly spam?: boolean
  /** How old the two hundred artifacts are that are there already. */
  readonly oldMs?: number
  /** When the first code is shown. */
  readonly shownAfterMs?: number
}

/** Claims of one matrix in one run. Each says `shown` when it is its turn, and again every five seconds. */
async function claimsOf(run: BusyRun) {
  const harness = createObserverHarness()
  const { clock, github, nudge, watch } = harness
  github.latencyMs = latencyMs
  const claims = await Promise.all(
    Array.from({ length: run.jobs }, (_, index) =>
      aClaimSpec({ channels: [run.channel], ...(run.named && { jobId: JobId.parse(String(jobIdOf(index))) }) }),
    ),
  )
  const shownAtMs = claims.map((_, index) => fakeNowMs + (run.shownAfterMs ?? 1_500) + index * run.apartMs)
  github.onRequest = nowMs => {
    const seen = (index: number) => (shownAtMs[index] ?? 0) + run.lagMs <= nowMs
    const old: Json[] = Array.from({ length: 200 }, (_, index) =>
      rawArtifact(`old-${index}`, { id: 1 + index, created_at: iso(fakeNowMs - (run.oldMs ?? 60_000)) }),
    )
    const seconds = run.busy ? Math.floor((nowMs - fakeNowMs) / 1_000) : 0
    const noise: Json[] = Array.from({ length: seconds }, (_, index) =>
      rawArtifact(`noise-${index}`, { id: 1_000 + index, created_at: iso(fakeNowMs + index * 1_000) }),
    )
    const codes: Json[] = claims.flatMap(({ challengeCode }, index): Json[] => {
      const isListed = run.channel === 'artifact' && seen(index)
      return isListed
        ? [rawArtifact(challengeCode, { id: 10_000 + index, created_at: iso(shownAtMs[index] ?? 0) })]
        : []
    })
    github.artifacts = [...codes, ...noise, ...old].toSorted((one, other) =>
      String(other['created_at']).localeCompare(String(one['created_at'])),
    )
    const running = claims.map(({ challengeCode }, index) => {
      const steps: Json[] = [
        {
          name: `step ${run.busy ? Math.floor((nowMs - fakeNowMs + index * 100) / 2_000) : 0}`,
          status: 'in_progress',
          number: 1,
          started_at: iso(fakeNowMs),
        },
      ]
      const proof = {
        name: challengeStepName(challengeCode),
        status: 'in_progress',
        number: 2,
        started_at: iso(shownAtMs[index] ?? 0),
      }
      if (run.channel === 'step-name' && seen(index)) steps.push(proof)
      return rawJob({ id: jobIdOf(index), steps })
    })
    const queued = Array.from({ length: run.queuedJobs ?? 0 }, (_, index) =>
      rawJob({ id: index + 1, status: 'queued' }),
    )
    github.jobs = [...queued, ...running]
  }
  const { strangers = [] } = run
  for (const stranger of strangers) watch(stranger)
  const watched = claims.map(claim => watch(claim))
  const isOver = () => watched.every(({ report }) => report)
  for (let tick = 0; tick < 1_200 && !isOver(); tick++) {
    for (const [index, { claimId }] of claims.entries()) {
      const sinceMs = clock.now() - (shownAtMs[index] ?? 0)
      if (sinceMs >= 0 && sinceMs % 5_000 < 100) nudge(claimId, 'shown')
    }
    if (run.spam) for (const { claimId } of [...claims, ...strangers]) nudge(claimId, 'shown')
    await pass(clock, 100, isOver)
  }
  const waits = watched.map(({ atMs }, index) => atMs - (shownAtMs[index] ?? 0))
  const unproven = watched.filter(({ report }) => report?.result.kind !== 'verified').length
  return { ...harness, unproven, longestMs: Math.max(...waits), counted: github.counted.length }
}

const quiet: BusyRun = { jobs: 1, channel: 'artifact', named: false, apartMs: 0, lagMs: 0, busy: false }
const busy: BusyRun = { ...quiet, lagMs: 5_000, busy: true }

describe('a claim in a busy run, whose code GitHub shows after five seconds', () => {
  test.each<[string, Partial<BusyRun>]>([
    ['its artifact', {}],
    ['its artifact and its job', { named: true }],
    ['its step name', { channel: 'step-name' }],
    ['its step name and its job', { channel: 'step-name', named: true }],
    ['its step name and its job among five hundred', { channel: 'step-name', named: true, queuedJobs: 499 }],
    ['its artifact and its job among five hundred', { named: true, queuedJobs: 499 }],
  ])('is proven by %s within 1.5 s of that, for six counted requests at most', async (_, changes) => {
    const { counted, longestMs, unproven } = await claimsOf({ ...busy, ...changes })
    expect(unproven).toBe(0)
    expect(longestMs).toBeLessThanOrEqual(busy.lagMs + 1_500)
    expect(counted).toBeLessThanOrEqual(6)
  })
  test.each([1_000, 2_000, 3_300, 10_000, 30_000, 60_000])('is proven after a lag of %i ms too', async lagMs => {
    for (const channel of ['artifact', 'step-name'] as const) {
      const { longestMs, unproven } = await claimsOf({ ...busy, channel, lagMs })
      expect([channel, unproven]).toEqual([channel, 0])
      expect(longestMs).toBeLessThanOrEqual(lagMs + 2_500)
    }
  })
})

describe('twenty claims of a matrix in a busy run', () => {
  const shapes: [string, Partial<BusyRun>][] = [
    ['artifacts', {}],
    ['artifacts after two hundred just before', { oldMs: 500 }],
    ['artifacts with their jobs', { named: true }],
    ['step names', { channel: 'step-name' }],
    ['step names with their jobs', { channel: 'step-name', named: true }],
  ]
  const paces = [0, 70, 250]
  test.each(shapes.flatMap(([name, changes]) => paces.map(apartMs => [name, apartMs, changes] as const)))(
    'are proven by %s, %i ms apart, within lag and 1.5 s, for one counted request a token at most',
    async (_, apartMs, changes) => {
      const { counted, longestMs, unproven } = await claimsOf({ ...busy, jobs: 20, apartMs, ...changes })
      expect(unproven).toBe(0)
      expect(longestMs).toBeLessThanOrEqual(busy.lagMs + 1_500)
      expect(counted).toBeLessThanOrEqual(20)
    },
  )
})

describe('anybody who floods a run with shown', () => {
  // docs/security.md states these bounds: two seconds, and a burst of twelve and one each two seconds a list.
  const laterMs = 2_000 + 2 * latencyMs + 200
  const priceOf = (lastedMs: number) => 6 + 12 + lastedMs / 2_000
  const strangersOf = (channel: Channel) =>
    Promise.all(Array.from({ length: 8 }, () => aClaimSpec({ channels: [channel] })))

  test.each<[string, Partial<BusyRun>]>([
    ['an artifact', {}],
    ['an artifact that comes late', { shownAfterMs: 30_000 }],
    ['a step name', { channel: 'step-name' }],
    ['a step name that comes late', { channel: 'step-name', shownAfterMs: 30_000 }],
    ['a step name of a named job', { channel: 'step-name', named: true, shownAfterMs: 30_000 }],
    ['one of a matrix', { jobs: 20, apartMs: 70 }],
  ])('makes no honest claim late or costly: %s', async (_, changes) => {
    const run = { ...busy, ...changes, spam: true }
    const { counted, longestMs, unproven } = await claimsOf(run)
    expect(unproven).toBe(0)
    expect(longestMs).toBeLessThanOrEqual(run.lagMs + laterMs)
    expect(counted).toBeLessThanOrEqual(priceOf((run.shownAfterMs ?? 1_500) + run.lagMs + laterMs))
  })
  test('costs an artifact’s claim nothing at all', async () => {
    const { counted } = await claimsOf({ ...busy, spam: true, shownAfterMs: 60_000 })
    expect(counted).toBeLessThanOrEqual(6)
  })
  test.each<[Channel, Channel]>([
    ['artifact', 'artifact'],
    ['artifact', 'step-name'],
    ['step-name', 'artifact'],
    ['step-name', 'step-name'],
  ])('and claims the run for themselves does not either: honest by %s, theirs by %s', async (channel, theirs) => {
    const run = { ...busy, channel, spam: true, strangers: await strangersOf(theirs), shownAfterMs: 30_000 }
    const { counted, longestMs, unproven } = await claimsOf(run)
    expect(unproven).toBe(0)
    expect(longestMs).toBeLessThanOrEqual(run.lagMs + laterMs)
    expect(counted).toBeLessThanOrEqual(2 * priceOf(run.shownAfterMs + run.lagMs + laterMs))
  })
})

describe('a quiet run costs what it did', () => {
  test.each<[string, Partial<BusyRun>, number]>([
    ['an artifact', {}, 3],
    ['an artifact with its job', { named: true }, 4],
    ['a step name', { channel: 'step-name' }, 3],
    ['an artifact that is listed late', { lagMs: 2_000 }, 4],
    ['twenty artifacts at once', { jobs: 20 }, 4],
    ['twenty step names at once', { jobs: 20, channel: 'step-name' }, 4],
  ])('%s', async (_, changes, most) => {
    const { counted, longestMs, unproven } = await claimsOf({ ...quiet, ...changes })
    expect(unproven).toBe(0)
    expect(counted).toBeLessThanOrEqual(most)
    expect(longestMs).toBeLessThanOrEqual((changes.lagMs ?? 0) + 1_000)
  })
})
