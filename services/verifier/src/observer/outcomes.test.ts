import { challengeSentence } from '@forkproof/contracts/challenge'
import { JobId, RunAttempt } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { describe, expect, test } from 'vitest'
import { GithubFault } from '../github/fault.ts'
import { aClaimSpec, fakeNowMs, rawArtifact, rawJob, rawRun } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { createObserverHarness } from '../testing/observer-harness.ts'

const spec = await aClaimSpec({ channels: ['artifact'] })

describe('a claim is refused at once', () => {
  test('when the first check fails, with one request', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.run = rawRun({ event: 'push' })
    const watched = watch(spec)
    await pass(clock, 50)
    expect(watched.report?.result).toMatchObject({ reason: 'event_not_pull_request' })
    expect(github.asked).toEqual(['run'])
  })
  test('when its repository has moved', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.run = 'moved'
    const watched = watch(spec)
    await pass(clock, 50)
    expect(watched.report?.result).toMatchObject({ reason: 'repository_renamed' })
  })
  test('when it wants only channels that are not served here, without a request', async () => {
    const { clock, github, watch } = createObserverHarness({ logSessionCookie: undefined })
    const watched = watch(await aClaimSpec({ channels: ['log'] }))
    await pass(clock, 50)
    expect(watched.report?.result).toMatchObject({ reason: 'code_not_seen' })
    expect(github.asked).toEqual([])
  })
  test('when every credential is limited beyond its end', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.fault = new GithubFault('limited', 'status 429', { retryAtMs: fakeNowMs + 3_600_000 })
    const watched = watch(spec)
    await pass(clock, 50)
    expect(watched.report?.result).toMatchObject({
      reason: 'github_unavailable',
      detail: expect.stringMatching(/limit/),
    })
  })
  test('also when the limit strikes while it is watched', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 50)
    github.fault = new GithubFault('limited', 'status 429', { retryAtMs: fakeNowMs + 3_600_000 })
    nudge(spec.claimId, 'shown')
    await pass(clock, 50)
    expect(watched.report?.result).toMatchObject({ reason: 'github_unavailable' })
  })
})

describe('a run that GitHub does not show', () => {
  test('is asked for three times in five seconds, then remembered', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.run = 'missing'
    const first = watch(spec)
    await pass(clock, 4_000)
    expect(first.report?.result).toMatchObject({ reason: 'run_not_found' })
    const second = watch(await aClaimSpec({ channels: ['artifact'] }))
    await pass(clock, 50)
    expect(second.report?.result).toMatchObject({ reason: 'run_not_found' })
    expect(github.asked).toHaveLength(3)
  })
  test('is asked for again after a minute', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.run = 'missing'
    watch(spec)
    await pass(clock, 64_000)
    github.run = rawRun()
    const late = watch(await aClaimSpec({ channels: ['artifact'] }))
    await pass(clock, 50)
    expect(late.report).toBeUndefined()
  })
  test('is fine when it shows up late', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.run = 'missing'
    const watched = watch(spec)
    await pass(clock, 1_000)
    github.run = rawRun()
    await pass(clock, 3_000)
    expect(watched.report).toBeUndefined()
  })
})

describe('between the sighting and the attestation', () => {
  test.each([
    ['the run ends', rawRun({ status: 'completed', conclusion: 'success' }), 'run_not_in_progress'],
    ['a new attempt begins', rawRun({ run_attempt: 2 }), 'attempt_not_latest'],
    ['the fork is deleted', rawRun({ head_repository: null }), 'head_repository_gone'],
    ['the repository is renamed', 'moved' as const, 'repository_renamed'],
  ])('%s: refused', async (_, run, reason) => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 50)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    github.run = run
    nudge(spec.claimId, 'shown')
    await pass(clock, 500)
    expect(watched.report?.result).toMatchObject({ kind: 'refused', reason })
  })
  test('the run disappears: refused after three 404s', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 50)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    github.run = 'missing'
    nudge(spec.claimId, 'shown')
    await pass(clock, 3_000)
    expect(watched.report).toBeUndefined()
    await pass(clock, 1_000)
    expect(watched.report?.result).toMatchObject({ kind: 'refused', reason: 'run_not_found' })
    expect(github.countOf('run')).toBe(4)
  })
  test('the run is not found for a moment: still verified', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 50)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    github.run = 'missing'
    nudge(spec.claimId, 'shown')
    await pass(clock, 1_000)
    github.run = rawRun()
    await pass(clock, 1_000, () => watched.report !== undefined)
    expect(watched.report?.result.kind).toBe('verified')
  })
  test('GitHub fails for a while: still verified', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 50)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    github.fault = new GithubFault('server-error', 'status 502')
    nudge(spec.claimId, 'shown')
    await pass(clock, 5_000)
    github.fault = undefined
    await pass(clock, 10_000, () => watched.report !== undefined)
    expect(watched.report?.result.kind).toBe('verified')
  })
})

describe('at the end of its time', () => {
  test('a claim whose run could be read was not seen', async () => {
    const { clock, watch } = createObserverHarness()
    const watched = watch(spec)
    await pass(clock, 120_100)
    expect(watched.report?.result).toMatchObject({ reason: 'code_not_seen' })
    expect(watched.atMs - fakeNowMs).toBe(120_000)
  })
  test.each(['server-error', 'unreachable', 'malformed'] as const)(
    'a claim whose run could not be read (%s) says so',
    async kind => {
      const { clock, github, watch } = createObserverHarness()
      github.fault = new GithubFault(kind, 'x')
      const watched = watch(spec)
      await pass(clock, 120_100)
      expect(watched.report?.result).toMatchObject({ reason: 'github_unavailable' })
    },
  )
  test('a claim that a policy keeps out is refused at once, and the next one costs nothing', async () => {
    const { clock, github, watch } = createObserverHarness({ githubTokens: new Secret(['one', 'two', 'a:b', 'three']) })
    github.fault = new GithubFault('forbidden', 'x')
    const watched = watch(spec)
    await pass(clock, 100)
    const refused = { reason: 'repository_unreadable', detail: expect.stringContaining('IP allow list') }
    expect(watched.report?.result).toMatchObject(refused)
    // Once with a credential and once without; never with the others.
    expect(github.asked).toHaveLength(2)
    const again = watch(await aClaimSpec())
    await pass(clock, 100)
    expect(again.report?.result).toMatchObject(refused)
    expect(github.asked).toHaveLength(2)
  })
  test('a claim whose log could not be read says so too', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.webFault = new GithubFault('server-error', 'status 500')
    const watched = watch(await aClaimSpec({ channels: ['log'] }))
    await pass(clock, 120_100)
    expect(watched.report?.result).toMatchObject({ reason: 'github_unavailable' })
  })
  test('twenty claims of a short life each get their whole time when GitHub fails', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.fault = new GithubFault('server-error', 'status 500')
    const short = { expiresAtMs: fakeNowMs + 8_000 }
    const specs = await Promise.all(Array.from({ length: 20 }, () => aClaimSpec(short)))
    const watched = specs.map(each => watch(each))
    await pass(clock, 4_500)
    github.fault = undefined
    await pass(clock, 3_400)
    expect(watched.every(each => each.report === undefined)).toBe(true)
    await pass(clock, 200)
    expect(watched.every(each => each.report?.result.kind === 'refused')).toBe(true)
  })
  test('failing requests come ever more rarely', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.fault = new GithubFault('server-error', 'status 500')
    watch(spec)
    await pass(clock, 120_100)
    expect(github.asked.length).toBeLessThan(40)
  })
})

describe('a claim that names its job', () => {
  const bound = { ...spec, jobId: JobId.parse('5001'), channels: ['artifact', 'log'] as const }
  test('is refused when the job is of another attempt', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.jobs = [rawJob({ run_attempt: 2 })]
    const watched = watch(bound)
    await pass(clock, 50)
    expect(watched.report?.result).toMatchObject({ reason: 'job_mismatch' })
  })
  test('is refused when the job never shows up', async () => {
    const { clock, github, watch } = createObserverHarness()
    github.jobs = []
    const watched = watch(bound)
    await pass(clock, 31_000)
    expect(watched.report?.result).toMatchObject({ reason: 'job_mismatch' })
  })
  test('is refused when the job ends between sighting and attestation', async () => {
    const { clock, github, nudge, watch } = createObserverHarness()
    const watched = watch(bound)
    await pass(clock, 50)
    github.artifacts = [rawArtifact(spec.challengeCode)]
    github.jobs = [rawJob({ status: 'completed' })]
    nudge(spec.claimId, 'shown')
    await pass(clock, 500)
    expect(watched.report?.result).toMatchObject({ reason: 'job_mismatch' })
  })
  test('is verified by its own log', async () => {
    const { clock, github, watch } = createObserverHarness()
    const claim = { ...bound, channels: ['log' as const] }
    const watched = watch(claim)
    await pass(clock, 50)
    github.liveLines.push(challengeSentence(spec.challengeCode))
    await pass(clock, 1_000)
    expect(watched.report?.result).toMatchObject({ kind: 'verified' })
  })
})

test('an old attempt is refused while the latest runs', async () => {
  const { clock, github, watch } = createObserverHarness()
  github.run = rawRun({ run_attempt: 2 })
  const watched = watch({ ...spec, attempt: RunAttempt.parse('1') })
  await pass(clock, 50)
  expect(watched.report?.result).toMatchObject({ reason: 'attempt_not_latest' })
})

test('a nudge for an unknown claim is harmless', async () => {
  const { clock, nudge, watch } = createObserverHarness()
  const watched = watch(spec)
  nudge((await aClaimSpec()).claimId, 'shown')
  await pass(clock, 50)
  expect(watched.report).toBeUndefined()
})
