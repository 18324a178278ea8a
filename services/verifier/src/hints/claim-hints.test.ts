import { challengeStepName } from '@forkproof/contracts/challenge'
import { JobId, RunAttempt } from '@forkproof/contracts/ids'
import type { RunHint } from '@forkproof/contracts/run-hint'
import { describe, expect, test } from 'vitest'
import { GithubFault } from '../github/fault.ts'
import { aClaimSpec, fakeNowMs, type Json, rawArtifact, rawJob, rawRun } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { createObserverHarness } from '../testing/observer-harness.ts'
import { jobHint, runHint } from '../testing/sample-hints.ts'

const spec = await aClaimSpec({ channels: ['artifact'] })
const jobId = JobId.parse('5001')
const startOfJob = jobHint({ jobId })
const completed = rawRun({ status: 'completed', conclusion: 'cancelled' })

describe('a hint about a claim’s run', () => {
  test.each([
    ['that a job of it began', startOfJob],
    ['that it began', runHint({ action: 'in_progress' })],
  ])('%s has a run read at once that GitHub did not show', async (_, hint) => {
    const { clock, github, hint: tell, watch } = createObserverHarness()
    github.run = 'missing'
    watch(spec)
    await pass(clock, 200)
    github.run = rawRun()
    tell(hint)
    await pass(clock, 50)
    expect(github.countOf('run')).toBe(2)
  })

  test('that it was completed refuses all its claims at once, after one reading', async () => {
    const { clock, github, hint, watch } = createObserverHarness()
    const claims = await Promise.all(Array.from({ length: 5 }, () => aClaimSpec({ channels: ['artifact'] })))
    const watched = claims.map(claim => watch(claim))
    await pass(clock, 1_000)
    github.run = completed
    const before = github.asked.filter(read => read === 'run').length
    hint(runHint())
    await pass(clock, 50)
    expect(watched.map(({ report }) => report?.result)).toEqual(
      Array(5).fill(expect.objectContaining({ reason: 'run_not_in_progress' })),
    )
    expect(github.asked.filter(read => read === 'run').length).toBe(before + 1)
  })

  test('that it has a newer attempt refuses its claims at once', async () => {
    const { clock, github, hint, watch } = createObserverHarness()
    const watched = watch(await aClaimSpec({ channels: ['artifact'], attempt: RunAttempt.parse('1') }))
    await pass(clock, 1_000)
    github.run = rawRun({ run_attempt: 2 })
    hint(runHint({ attempt: RunAttempt.parse('2'), action: 'in_progress' }))
    await pass(clock, 50)
    expect(watched.report?.result).toMatchObject({ reason: 'attempt_not_latest' })
  })
})

describe('a hint that is forged', () => {
  const flood = async (tell: (hint: RunHint) => unknown, pause: () => Promise<void>) => {
    for (let turn = 0; turn < 100; turn++) {
      for (const hint of [runHint(), startOfJob, runHint({ attempt: RunAttempt.parse('9') })]) tell(hint)
      await pause()
    }
  }

  test('refuses no honest claim, and costs nothing that is counted', async () => {
    const { clock, github, hint, nudge, watch } = createObserverHarness()
    const watched = watch(spec)
    await flood(hint, () => pass(clock, 200))
    expect([watched.report, github.countOf('run')]).toEqual([undefined, 1])
    expect(github.asked.filter(read => read === 'run').length).toBeLessThanOrEqual(16)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    nudge(spec.claimId, 'shown')
    await pass(clock, 500)
    expect(watched.report?.result.kind).toBe('verified')
  })

  test('uses up none of the tries that a run has which GitHub shows late', async () => {
    const { clock, github, hint, watch } = createObserverHarness()
    github.run = 'missing'
    const watched = watch(spec)
    await flood(hint, () => pass(clock, 10))
    github.run = rawRun()
    await pass(clock, 5_000)
    expect(watched.report).toBeUndefined()
    expect(github.countOf('run')).toBeGreaterThanOrEqual(2)
  })

  test('makes no request while GitHub is limited', async () => {
    const { clock, github, hint, watch } = createObserverHarness()
    watch(spec)
    await pass(clock, 1_000)
    github.fault = new GithubFault('limited', 'no', { retryAtMs: fakeNowMs + 60_000 })
    hint(runHint())
    await pass(clock, 100)
    const before = github.asked.length
    await flood(hint, () => pass(clock, 100))
    expect(github.asked.length).toBe(before)
  })

  test('about a job gets no token for a claim that names a job of no such run', async () => {
    const { clock, github, hint, nudge, watch } = createObserverHarness()
    const claim = await aClaimSpec({ channels: ['artifact'], jobId: JobId.parse('666') })
    hint(jobHint({ jobId: JobId.parse('666') }))
    const watched = watch(claim)
    github.artifacts = [rawArtifact(claim.challengeCode)]
    nudge(claim.claimId, 'shown')
    await pass(clock, 125_000, () => watched.report !== undefined)
    expect(watched.report?.result).toMatchObject({ kind: 'refused', reason: 'job_mismatch' })
  })
})

describe('a quiet run’s token, proven by the step name of a job that its claim names', () => {
  /** Counted requests from the claim to the proof. */
  async function costOf(hints: readonly RunHint[]): Promise<number> {
    const { clock, github, hint, nudge, watch } = createObserverHarness()
    const claim = await aClaimSpec({ channels: ['step-name'], jobId })
    for (const one of hints) hint(one)
    const watched = watch(claim)
    await pass(clock, 1_500)
    const started_at = new Date(clock.now()).toISOString()
    const proof = { name: challengeStepName(claim.challengeCode), status: 'in_progress', number: 2, started_at }
    github.jobs = [rawJob({ steps: [...(rawJob()['steps'] as Json[]), proof] })]
    nudge(claim.claimId, 'shown')
    await pass(clock, 5_000, () => watched.report !== undefined)
    expect(watched.report?.result.kind).toBe('verified')
    return github.counted.length
  }

  test('costs four counted requests without webhooks, and three with', async () => {
    expect([await costOf([]), await costOf([startOfJob])]).toEqual([4, 3])
  })

  test.each([
    ['another job', jobHint()],
    ['an older attempt', jobHint({ jobId, attempt: RunAttempt.parse('2') })],
    ['another repository', jobHint({ jobId, repositoryId: '666' })],
    ['a job that is only queued', jobHint({ jobId, action: 'queued' })],
  ])('costs no less after a hint about %s', async (_, hint) => {
    expect(await costOf([hint])).toBe(4)
  })

  test('costs no less once the job was told to be over', async () => {
    expect(await costOf([startOfJob, jobHint({ jobId, action: 'completed' })])).toBe(4)
  })
})
