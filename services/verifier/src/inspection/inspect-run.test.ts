import type { RunQuestion } from '@forkproof/contracts/inspection'
import { describe, expect, test } from 'vitest'
import { GithubFault } from '../github/fault.ts'
import { baseRepository, fakeNowMs, rawJob, rawPullRequest, rawRun } from '../testing/fake-github-answers.ts'
import { brokenSources } from '../testing/fake-sources.ts'
import { pass } from '../testing/fake-time.ts'
import { aQuestion, createInspectionHarness } from '../testing/inspection-harness.ts'
import { inspectRun } from './inspect-run.ts'

const { repository, runId } = aQuestion()
const explaining: RunQuestion = { repository, runId }

function inspecting(question: RunQuestion = aQuestion(), pullRequestFacts = true) {
  const harness = createInspectionHarness(question)
  const deps = { clock: harness.clock, pullRequestFacts }
  return { ...harness, start: () => harness.begin((sources, signal) => inspectRun(question, sources, deps, signal)) }
}

describe('a run that may build', () => {
  test('costs one request and says what it is', async () => {
    const { clock, github, start } = inspecting()
    const seen = start()
    await pass(clock, 10)
    expect(seen.value).toMatchObject({
      outcome: 'running',
      event: 'pull_request',
      headRef: 'main',
      workflowPath: '.github/workflows/ci.yml',
      repositoryId: '1001',
      attempt: '1',
      facts: { headRepository: { id: '2002' } },
    })
    expect(github.asked).toEqual(['run'])
  })
  test('as trusted is described without facts of a fork', async () => {
    const { clock, github, start } = inspecting(aQuestion({ eventClass: 'trusted' }))
    github.run = rawRun({ event: 'push', head_repository: baseRepository })
    const seen = start()
    await pass(clock, 10)
    expect(seen.value).toMatchObject({ outcome: 'running', event: 'push' })
    expect(seen.value).not.toHaveProperty('facts')
  })
  test('is read once for builds that ask together, and again for one that asks later', async () => {
    const { clock, github, start } = inspecting()
    github.latencyMs = 50
    const seen = [start(), start(), start()]
    await pass(clock, 100)
    expect(seen.map(({ value }) => value?.outcome)).toEqual(['running', 'running', 'running'])
    expect(github.asked).toHaveLength(1)
    clock.advance(2_000)
    start()
    await pass(clock, 100)
    expect(github.asked).toHaveLength(2)
  })
})

describe('a run that GitHub calls by the status of its least advanced job', () => {
  const classes = [aQuestion(), aQuestion({ eventClass: 'trusted' }), explaining]
  const statuses = ['queued', 'waiting', 'pending', 'requested', 'dreaming']
  test.each(classes.flatMap(question => statuses.map(status => [question.eventClass, status, question] as const)))(
    'may build as %s while it reads %s and a job of it is in progress',
    async (eventClass, status, question) => {
      const { clock, github, start } = inspecting(question)
      const own = eventClass === 'trusted' ? { event: 'push', head_repository: baseRepository } : {}
      github.run = rawRun({ status, ...own })
      github.jobs = [rawJob({ id: 1, status: 'queued' }), rawJob({ id: 2, status: 'waiting' }), rawJob({ id: 3 })]
      const seen = start()
      await pass(clock, 10)
      expect(seen.value).toMatchObject({ outcome: 'running' })
      expect(github.countOf('jobs')).toBe(1)
    },
  )
  test('may build when its one running job is the last of five hundred', async () => {
    const { begin, clock, github, start } = inspecting()
    begin((_, signal) => clock.sleep(60_000, signal))
    github.run = rawRun({ status: 'queued' })
    github.jobs = Array.from({ length: 500 }, (_, index) =>
      rawJob({ id: index + 1, status: index === 499 ? 'in_progress' : 'queued' }),
    )
    const seen = start()
    await pass(clock, 10)
    expect(seen.value).toMatchObject({ outcome: 'running' })
    await pass(clock, 1_100)
    start()
    await pass(clock, 10)
    // Later builds ask for the job that is known to run.
    expect([github.countOf('jobs'), github.asked.filter(read => read === 'job').length]).toEqual([5, 1])
  })
})

describe('an explanation', () => {
  test('also reads the fork’s pull request', async () => {
    const { clock, github, start } = inspecting(explaining)
    const seen = start()
    await pass(clock, 10)
    expect(seen.value).toMatchObject({ facts: { pullRequest: { number: '42', baseRef: 'main' } } })
    expect(github.asked).toEqual(['run', 'pullRequests'])
  })
  test.each<[string, (harness: ReturnType<typeof inspecting>) => void]>([
    ['none is open', ({ github }) => github.pullRequests.splice(0)],
    ['two match', ({ github }) => github.pullRequests.push(rawPullRequest({ number: 43 }))],
  ])('names no pull request when %s', async (_, arrange) => {
    const harness = inspecting(explaining)
    arrange(harness)
    const seen = harness.start()
    await pass(harness.clock, 10)
    expect(seen.value).toMatchObject({ outcome: 'running', facts: { run: { id: '9000000001' } } })
    expect(seen.value).not.toHaveProperty('facts.pullRequest')
  })
  test('waits only shortly for it', async () => {
    const harness = inspecting(explaining)
    harness.github.silentAbout = 'pullRequests'
    const seen = harness.start()
    await pass(harness.clock, 3_000)
    expect(seen.value).toMatchObject({ outcome: 'running' })
    expect(seen.atMs).toBeLessThanOrEqual(fakeNowMs + 2_100)
  })
  test('leaves it out where the operator wants no such requests', async () => {
    const { clock, github, start } = inspecting(explaining, false)
    start()
    await pass(clock, 10)
    expect(github.asked).toEqual(['run'])
  })
})

describe('a build that relies on an open pull request', () => {
  const relying = aQuestion({ pullRequest: { number: '42', baseRef: 'main' } })
  test('may start while it is as the run was admitted by', async () => {
    const { clock, github, start } = inspecting(relying)
    const seen = start()
    await pass(clock, 10)
    expect(seen.value).toMatchObject({ outcome: 'running' })
    expect(github.asked).toEqual(['run', 'pullRequests'])
  })
  test.each([
    ['closed', { state: 'closed', closed_at: new Date(fakeNowMs).toISOString() }],
    ['retargeted', { base: { ref: 'next', sha: 'b'.repeat(40), repo: { id: 1001 } } }],
  ])('is refused once it is %s', async (_, change) => {
    const { clock, github, start } = inspecting(relying)
    github.pullRequests = [rawPullRequest(change)]
    const seen = start()
    await pass(clock, 10)
    expect(seen.value).toMatchObject({ outcome: 'refused', reason: 'pull_request_changed' })
  })
  test('is refused while GitHub does not show it, and not admitted blindly', async () => {
    const { clock, github, start } = inspecting(relying)
    github.silentAbout = 'pullRequests'
    const seen = start()
    await pass(clock, 3_000)
    expect(seen.value).toBeUndefined()
  })
})

describe('a refusal', () => {
  test('that lasts is told at once', async () => {
    const { clock, github, start } = inspecting()
    github.run = rawRun({ status: 'completed', conclusion: 'success' })
    const seen = start()
    await pass(clock, 10)
    expect(seen.value).toEqual({ outcome: 'refused', reason: 'run_not_in_progress', detail: 'the run is completed' })
  })
  test('of a renamed repository follows no redirect', async () => {
    const { clock, github, start } = inspecting()
    github.run = 'moved'
    const seen = start()
    await pass(clock, 10)
    expect(seen.value).toEqual({ outcome: 'refused', reason: 'repository_renamed' })
  })
  test('of a run that is not there takes two 404s', async () => {
    const { clock, github, start } = inspecting()
    github.run = 'missing'
    const seen = start()
    await pass(clock, 1_000)
    expect([seen.value, github.asked.length]).toEqual([undefined, 1])
    await pass(clock, 1_000)
    expect(seen.value).toEqual({ outcome: 'refused', reason: 'run_not_found' })
    expect(github.asked).toHaveLength(2)
  })
  test('does not come of a single 404', async () => {
    const { clock, github, start } = inspecting()
    github.run = 'missing'
    const seen = start()
    await pass(clock, 500)
    github.run = rawRun()
    await pass(clock, 2_000)
    expect(seen.value).toMatchObject({ outcome: 'running' })
  })
  test.each(['queued', 'waiting', 'pending', 'requested', 'dreaming'])(
    'of a run that reads %s comes only when no job of it is in progress for twelve seconds',
    async status => {
      const { clock, github, start } = inspecting()
      github.run = rawRun({ status })
      github.jobs = [rawJob({ status: 'queued' }), rawJob({ id: 2, status: 'completed' })]
      const seen = start()
      await pass(clock, 11_900)
      expect(seen.value).toBeUndefined()
      await pass(clock, 200)
      expect(seen.value).toMatchObject({ outcome: 'refused', reason: 'run_not_in_progress' })
    },
  )
  test('does not come of a job’s state that lagged', async () => {
    const { clock, github, start } = inspecting()
    github.run = rawRun({ status: 'queued' })
    github.jobs = [rawJob({ status: 'queued' })]
    const seen = start()
    await pass(clock, 6_000)
    github.jobs = [rawJob()]
    await pass(clock, 4_000)
    expect(seen.value).toMatchObject({ outcome: 'running' })
  })
  test('does not come of a run whose jobs are not listed while GitHub fails', async () => {
    const { clock, github, start } = inspecting()
    github.run = rawRun({ status: 'queued' })
    github.silentAbout = 'jobs'
    const seen = start()
    await pass(clock, 5_000)
    expect(seen.value).toBeUndefined()
  })
})

describe('a GitHub that is away', () => {
  test('for a moment is ridden out', async () => {
    const { clock, github, start } = inspecting()
    github.fault = new GithubFault('server-error', 'status 502')
    const seen = start()
    await pass(clock, 500)
    github.fault = undefined
    await pass(clock, 1_000)
    expect(seen.value).toMatchObject({ outcome: 'running' })
  })
  test.each(['server-error', 'unreachable', 'malformed'] as const)(
    'for longer is a refusal after a bounded number of tries: %s',
    async kind => {
      const { clock, github, start } = inspecting()
      github.fault = new GithubFault(kind, 'no')
      const seen = start()
      await pass(clock, 10_000)
      expect(seen.value).toMatchObject({ outcome: 'refused', reason: 'github_unavailable' })
      expect(github.asked).toHaveLength(5)
    },
  )
  test('by a policy is asked once with and once without a credential, and the refusal says which policy', async () => {
    const { clock, github, start } = inspecting()
    github.fault = new GithubFault('forbidden', 'no')
    const seen = start()
    await pass(clock, 100)
    expect(seen.value).toMatchObject({
      outcome: 'refused',
      reason: 'repository_unreadable',
      detail: expect.stringContaining('IP allow list'),
    })
    expect(github.asked).toHaveLength(2)
  })
  test('by its request limit is not asked again', async () => {
    const { clock, github, start } = inspecting()
    github.fault = new GithubFault('limited', 'no', { retryAtMs: fakeNowMs + 600_000 })
    const seen = start()
    await pass(clock, 100)
    expect(seen.value).toMatchObject({
      reason: 'github_unavailable',
      detail: 'GitHub’s request limit is used up for now',
    })
    expect(github.asked).toHaveLength(1)
  })
  test('by answers that take ten seconds each is given up after the first', async () => {
    const { clock, github, start } = inspecting()
    github.latencyMs = 10_000
    github.fault = new GithubFault('unreachable', 'no')
    const seen = start()
    await pass(clock, 12_000)
    expect(seen.value).toMatchObject({ reason: 'github_unavailable' })
    expect(github.asked).toHaveLength(1)
  })
})

describe('who leaves', () => {
  test('is let go in the middle of a request, with the reason', async () => {
    const { clock, github, runs, leave, start } = inspecting()
    github.latencyMs = 5_000
    const seen = start()
    await pass(clock, 100)
    const reason = new Error('cancelled')
    leave.abort(reason)
    await pass(clock, 10)
    expect(seen.error).toBe(reason)
    expect(runs.size).toBe(0)
  })
  test('does not take a defect of ours for a fault of GitHub', async () => {
    const { clock, begin } = inspecting()
    const defect = new TypeError('x is undefined')
    const deps = { clock, pullRequestFacts: true }
    const seen = begin((_, signal) => inspectRun(aQuestion(), brokenSources(defect, clock), deps, signal))
    await pass(clock, 10)
    expect(seen.error).toBe(defect)
  })
})
