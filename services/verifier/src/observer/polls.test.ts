import { challengeSentence } from '@forkproof/contracts/challenge'
import type { Channel } from '@forkproof/contracts/channels'
import { describe, expect, test } from 'vitest'
import type { FakeGithub } from '../testing/fake-github.ts'
import { aClaimSpec, fakeNowMs, rawArtifact, rawJob } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { createObserverHarness } from '../testing/observer-harness.ts'

const spec = await aClaimSpec({ channels: ['artifact'] })
const specs = await Promise.all(Array.from({ length: 20 }, () => aClaimSpec()))
const iso = (ms: number) => new Date(ms).toISOString()

describe('a claim that says when its artifact is there', () => {
  test('costs three counted requests with the pull request’s facts and takes two round trips', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    github.latencyMs = 100
    const watched = watch(spec)
    await pass(clock, 700)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    const shownAtMs = clock.now()
    nudge(spec.claimId, 'shown')
    await pass(clock, 1_000, () => watched.report !== undefined)
    expect(watched.report).toMatchObject({ result: { kind: 'verified' }, counted: 3 })
    expect(github.counted.toSorted()).toEqual(['artifacts', 'pullRequests', 'run'])
    expect(watched.atMs - shownAtMs).toBeLessThanOrEqual(220)
  })

  test('costs two without the pull request', async () => {
    const { clock, github, nudge, watch } = createObserverHarness({ pullRequestFacts: false })
    const watched = watch(spec)
    await pass(clock, 100)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    nudge(spec.claimId, 'shown')
    await pass(clock, 500, () => watched.report !== undefined)
    expect(watched.report).toMatchObject({ result: { kind: 'verified', run: { facts: {} } } })
    expect(github.counted).toEqual(['run', 'artifacts'])
  })

  test('is found soon when the listing lags behind', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 100)
    nudge(spec.claimId, 'shown')
    await pass(clock, 600)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    await pass(clock, 260, () => watched.report !== undefined)
    expect(watched.report?.result.kind).toBe('verified')
  })

  test('is found even if the word came before the watch', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    nudge(spec.claimId, 'shown')
    github.artifacts = [rawArtifact(spec.challengeCode)]
    const watched = watch(spec)
    await pass(clock, 100)
    expect(watched.report?.result.kind).toBe('verified')
  })
})

const choices: Channel[][] = [
  ['artifact'],
  ['step-name'],
  ['log'],
  ['job-log'],
  ['step-name', 'log', 'job-log'],
  ['artifact', 'log'],
  ['artifact', 'step-name', 'log', 'job-log'],
]

describe('a claim that never shows its code', () => {
  /** Somebody asks for the token each second, and `change` is called as often. */
  async function neverShown(channels: Channel[], change: (github: FakeGithub, second: number) => void) {
    const harness = createObserverHarness()
    const { clock, github, nudge, watch } = harness
    const silent = await aClaimSpec({ channels })
    const watched = watch(silent)
    const pollsAtMs: number[] = []
    for (let second = 0; second < 121; second++) {
      change(github, second)
      nudge(silent.claimId, 'asked')
      const before = github.asked.length
      await pass(clock, 1_000)
      if (github.asked.length > before) pollsAtMs.push(clock.now())
    }
    expect(watched.report?.result).toMatchObject({ kind: 'refused', reason: 'code_not_seen' })
    return { ...harness, pollsAtMs }
  }

  test.each(choices.map(channels => [channels]))(
    'costs at most three counted requests in a quiet run: %j',
    async channels => {
      const { github } = await neverShown(channels, () => undefined)
      expect(github.counted.length).toBeLessThanOrEqual(3)
    },
  )

  test.each<[Channel[], number]>([
    [['artifact'], 2],
    [['step-name'], 10],
    [['log'], 10],
    [['job-log'], 18],
    [['step-name', 'log', 'job-log'], 18],
    [['artifact', 'log'], 11],
    [['artifact', 'step-name', 'log', 'job-log'], 18],
  ])('is polled for to its end in a run where everything changes, for a bounded price: %j', async (channels, most) => {
    const { github, pollsAtMs } = await neverShown(channels, (changing, second) => {
      const nowMs = fakeNowMs + second * 1_000
      changing.artifacts = [rawArtifact(`noise-${second}`)]
      const steps = [{ name: `step ${second}`, status: 'in_progress', number: second, started_at: iso(nowMs) }]
      const finished = rawJob({ id: 600 + second, status: 'completed', completed_at: iso(nowMs) })
      changing.jobs = [rawJob({ steps }), finished]
    })
    expect(github.counted.length).toBeLessThanOrEqual(most)
    const pauses = pollsAtMs.map((at, index) => at - (pollsAtMs[index - 1] ?? fakeNowMs))
    expect(Math.max(...pauses)).toBeLessThanOrEqual(32_000)
  })
})

describe('twenty jobs of one matrix', () => {
  test('with artifacts cost at most ten counted requests and none waits long', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    github.latencyMs = 100
    const claims = specs.map(each => ({ ...each, channels: ['artifact' as const] }))
    const watched = claims.map(each => watch(each))
    await pass(clock, 500)
    const shownAtMs: number[] = []
    for (const claim of claims) {
      github.artifacts = [...github.artifacts, rawArtifact(claim.challengeCode)]
      shownAtMs.push(clock.now())
      nudge(claim.claimId, 'shown')
      await pass(clock, 70)
    }
    await pass(clock, 2_000, () => watched.every(each => each.report))
    expect(watched.map(each => each.report?.result.kind)).toEqual(specs.map(() => 'verified'))
    expect(github.counted.length).toBeLessThanOrEqual(10)
    const waits = watched.map((each, index) => each.atMs - (shownAtMs[index] ?? 0))
    expect(Math.max(...waits)).toBeLessThan(1_000)
  })

  test('with the live log cost three counted requests', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.latencyMs = 100
    github.jobs = specs.map((_, index) => rawJob({ id: 6_000 + index }))
    const claims = specs.map(each => ({ ...each, channels: ['step-name', 'log', 'job-log'] as const }))
    const watched = claims.map(each => watch(each))
    await pass(clock, 800)
    github.liveLines.push(...specs.map(each => challengeSentence(each.challengeCode)))
    await pass(clock, 1_500, () => watched.every(each => each.report))
    expect(watched.every(each => each.report?.result.kind === 'verified')).toBe(true)
    expect(github.counted.toSorted()).toEqual(['jobs', 'pullRequests', 'run'])
  })
})

describe('the live log', () => {
  test('is seen within a poll, its latency and the confirmation, and costs three counted requests', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.latencyMs = 100
    const claim = await aClaimSpec({ channels: ['step-name', 'log', 'job-log'] })
    const watched = watch(claim)
    await pass(clock, 2_030)
    github.liveLines.push('noise', challengeSentence(claim.challengeCode), 'more')
    const visibleAtMs = clock.now()
    await pass(clock, 2_000, () => watched.report !== undefined)
    expect(watched.report?.result).toMatchObject({
      kind: 'verified',
      run: { channel: 'log', facts: { job: { id: '5001' } } },
    })
    expect(watched.atMs - visibleAtMs).toBeLessThanOrEqual(400 + 3 * 110)
    expect(github.counted.toSorted()).toEqual(['jobs', 'pullRequests', 'run'])
  })

  test('of a step that has ended shows nothing', async () => {
    const { clock, github, watch } = createObserverHarness()
    const claim = await aClaimSpec({ channels: ['log'] })
    const watched = watch(claim)
    github.stepStatus = 'completed'
    github.liveLines.push(challengeSentence(claim.challengeCode))
    await pass(clock, 5_000)
    expect(watched.report).toBeUndefined()
  })

  test('of a claim that also uses artifacts is not read before the artifact has had its time', async () => {
    const { clock, github, watch } = createObserverHarness()
    watch(await aClaimSpec({ channels: ['artifact', 'log'] }))
    await pass(clock, 2_900)
    expect([github.asked, github.webCount]).toEqual([['run'], 0])
    await pass(clock, 500)
    expect(github.webCount).toBeGreaterThan(0)
  })

  test('is left alone for a minute when the session is refused', async () => {
    const { clock, github, watch } = createObserverHarness()
    watch(await aClaimSpec({ channels: ['log'] }))
    const { GithubFault } = await import('../github/fault.ts')
    github.webFault = new GithubFault('forbidden', 'status 302')
    await pass(clock, 30_000)
    expect(github.webCount).toBe(1)
  })
})

describe('polls of one run', () => {
  test('keep their distance whatever the nudges, also of a thousand', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    watch(spec)
    await pass(clock, 50)
    for (let turn = 0; turn < 100; turn++) {
      for (let again = 0; again < 10; again++) nudge(spec.claimId, 'shown')
      await pass(clock, 10)
    }
    expect(github.asked.filter(read => read === 'artifacts').length).toBeLessThanOrEqual(5)
  })

  test('keep four times the distance when the credential’s budget is low', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    github.budgetLeft = 4_000
    watch(spec)
    await pass(clock, 50)
    nudge(spec.claimId, 'shown')
    await pass(clock, 1_990)
    expect(github.asked.filter(read => read === 'artifacts')).toHaveLength(2)
  })

  test('end with the last claim and leave nothing behind', async () => {
    const { clock, observers, watch } = createObserverHarness()
    const abort = new AbortController()
    const watched = watch(await aClaimSpec(), abort.signal)
    await pass(clock, 500)
    abort.abort(new Error('cancelled'))
    await pass(clock, 20)
    expect(watched.error).toMatchObject({ message: 'cancelled' })
    expect(observers.size).toBe(0)
    expect(clock.sleeping).toBe(0)
  })

  test('of a finished job’s log are one reading for all claims', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const claims = specs.slice(0, 5).map(each => ({ ...each, channels: ['job-log' as const] }))
    const watched = claims.map(each => watch(each))
    await pass(clock, 100)
    github.jobs = [rawJob({ status: 'completed', completed_at: iso(fakeNowMs + 100) }), rawJob({ id: 5_002 })]
    const stamp = '2026-11-25T10:00:00.0000000Z '
    github.jobLogs.set(5_001, claims.map(each => stamp + challengeSentence(each.challengeCode)).join('\n'))
    for (const claim of claims) nudge(claim.claimId, 'shown')
    await pass(clock, 1_000, () => watched.every(each => each.report))
    expect(watched.every(each => each.report?.result.kind === 'verified')).toBe(true)
    expect(github.countOf('jobLog')).toBe(1)
  })
})
