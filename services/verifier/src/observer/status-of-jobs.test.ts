import { JobId } from '@forkproof/contracts/ids'
import { describe, expect, test } from 'vitest'
import { aClaimSpec, fakeNowMs, rawArtifact, rawJob, rawRun } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { createObserverHarness } from '../testing/observer-harness.ts'

const spec = await aClaimSpec({ channels: ['artifact'] })

describe('a run that GitHub calls by the status of its least advanced job', () => {
  const statuses = ['queued', 'waiting', 'pending', 'requested', 'dreaming']
  const others = [rawJob({ id: 1, status: 'queued' }), rawJob({ id: 2, status: 'waiting' })]
  const bound = { ...spec, jobId: JobId.parse('5001') }
  test.each(statuses)('is proven while it reads %s, as fast as any other and at the same price', async status => {
    const { clock, github, nudge, watch } = createObserverHarness()
    github.run = rawRun({ status })
    github.jobs = [...others, rawJob()]
    const watched = watch(spec)
    await pass(clock, 50)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    nudge(spec.claimId, 'shown')
    await pass(clock, 100, () => watched.report !== undefined)
    expect(watched.report).toMatchObject({ result: { kind: 'verified' }, counted: 3 })
  })
  test.each(statuses)('is proven by its named job while it reads %s', async status => {
    const { clock, github, nudge, watch } = createObserverHarness()
    github.run = rawRun({ status })
    github.jobs = [...others, rawJob()]
    const watched = watch(bound)
    await pass(clock, 50)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    nudge(spec.claimId, 'shown')
    await pass(clock, 100, () => watched.report !== undefined)
    expect(watched.report?.result.kind).toBe('verified')
  })
  test('is proven by a named job that itself reads queued for a minute', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    github.run = rawRun({ status: 'queued' })
    github.jobs = [...others, rawJob({ status: 'queued' })]
    const watched = watch(bound)
    await pass(clock, 50)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    nudge(spec.claimId, 'shown')
    await pass(clock, 60_000)
    expect(watched.report).toBeUndefined()
    github.jobs = [...others, rawJob()]
    await pass(clock, 5_100, () => watched.report !== undefined)
    expect(watched.report?.result.kind).toBe('verified')
  })
  test('is refused at the claim’s end when no job of it ran', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.run = rawRun({ status: 'waiting' })
    github.jobs = others
    const watched = watch(spec)
    await pass(clock, 119_900)
    expect(watched.report).toBeUndefined()
    await pass(clock, 300)
    expect(watched.report?.result).toMatchObject({ reason: 'run_not_in_progress' })
  })
  test('is refused at the claim’s end as not seen when a job of it ran', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.run = rawRun({ status: 'waiting' })
    github.jobs = [...others, rawJob()]
    const watched = watch(spec)
    await pass(clock, 120_200)
    expect(watched.report?.result).toMatchObject({ reason: 'code_not_seen' })
  })
  test('is refused at once when it is completed', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.run = rawRun({ status: 'completed', conclusion: 'success' })
    const watched = watch(spec)
    await pass(clock, 50)
    expect(watched.report?.result).toMatchObject({ reason: 'run_not_in_progress' })
  })
  test('proves nothing by what an older attempt left, although both attempts were claimed', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    github.run = rawRun({
      status: 'queued',
      run_attempt: 2,
      run_started_at: new Date(fakeNowMs + 5_000).toISOString(),
    })
    github.artifacts = [rawArtifact(spec.challengeCode, { created_at: new Date(fakeNowMs + 1_000).toISOString() })]
    const watched = watch({ ...spec, expiresAtMs: fakeNowMs + 20_000 })
    await pass(clock, 50)
    nudge(spec.claimId, 'shown')
    await pass(clock, 20_100)
    expect(watched.report?.result.kind).toBe('refused')
  })
})
