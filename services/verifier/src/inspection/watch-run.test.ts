import { RunAttempt } from '@forkproof/contracts/ids'
import { describe, expect, test } from 'vitest'
import { GithubFault } from '../github/fault.ts'
import { baseRepository, fakeNowMs, rawJob, rawRun } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { aQuestion, createInspectionHarness } from '../testing/inspection-harness.ts'
import { watchUntilOver } from './watch-run.ts'

function watching(question = aQuestion()) {
  const harness = createInspectionHarness(question)
  const start = (random = 0.5) => {
    const deps = { clock: harness.clock, random: () => random, everyMs: 15_000, hints: harness.hints }
    return harness.begin((sources, signal) => watchUntilOver(question, sources, deps, signal))
  }
  return { ...harness, start }
}

describe('a run that is watched', () => {
  test('is polled every fifteen seconds, which costs nothing while it does not change', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    await pass(clock, 61_000)
    expect(seen.value).toBeUndefined()
    expect([github.asked.length, github.countOf('run')]).toEqual([4, 1])
  })
  test.each([
    [0, 12_000],
    [1, 18_000],
  ])('is first polled a little earlier or later (%d)', async (random, atMs) => {
    const { clock, github, start } = watching()
    start(random)
    await pass(clock, atMs - 100)
    expect(github.asked).toHaveLength(0)
    await pass(clock, 200)
    expect(github.asked).toHaveLength(1)
  })
  test('by many builds is polled about as often as by one', async () => {
    const { clock, github, start } = watching()
    for (let build = 0; build < 20; build++) {
      start(build / 20)
      await pass(clock, 500)
    }
    await pass(clock, 60_000)
    expect(github.asked.length).toBeLessThanOrEqual(10)
  })
  test('is polled less often when the credential’s budget is low', async () => {
    const { begin, clock, github, start } = watching()
    github.budgetLeft = 100
    // The budget is known from the answers.
    begin(sources => sources.run.since(0))
    await pass(clock, 10)
    start()
    await pass(clock, 59_000)
    expect(github.asked).toHaveLength(1)
  })
})

describe('the watch ends', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['when the run is completed', { status: 'completed', conclusion: 'success' }, 'run_not_in_progress'],
    ['when the run is cancelled', { status: 'completed', conclusion: 'cancelled' }, 'run_not_in_progress'],
    ['when there is a newer attempt', { run_attempt: 2 }, 'attempt_not_latest'],
    ['when the repository went private', { repository: { ...baseRepository, private: true } }, 'repository_not_public'],
    ['when the name passed to another repository', { repository: { ...baseRepository, id: 77 } }, 'run_not_found'],
  ])('%s', async (_, changes, reason) => {
    const { clock, github, start } = watching()
    const seen = start()
    await pass(clock, 16_000)
    expect(seen.value).toBeUndefined()
    github.run = rawRun(changes)
    await pass(clock, 15_000)
    expect(seen.value).toMatchObject({ reason })
  })
  test('when the run was deleted, which takes two 404s', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    github.run = 'missing'
    await pass(clock, 15_500)
    expect([seen.value, github.asked.length]).toEqual([undefined, 1])
    await pass(clock, 1_500)
    expect(seen.value).toEqual({ reason: 'run_not_found' })
  })
  test('when the repository was renamed', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    github.run = 'moved'
    await pass(clock, 16_000)
    expect(seen.value).toEqual({ reason: 'repository_renamed' })
  })
  test('by cancellation, at once and in the middle of a pause', async () => {
    const { clock, leave, runs, start } = watching()
    const seen = start()
    await pass(clock, 100)
    const reason = new Error('cancelled')
    leave.abort(reason)
    await pass(clock, 10)
    expect(seen.error).toBe(reason)
    expect(runs.size).toBe(0)
  })
  test('by cancellation in the middle of a request', async () => {
    const { clock, github, leave, start } = watching()
    github.latencyMs = 9_000
    const seen = start()
    await pass(clock, 16_000)
    leave.abort(new Error('cancelled'))
    await pass(clock, 10)
    expect(seen.error).toMatchObject({ message: 'cancelled' })
  })
})

const waits = [rawJob({ status: 'waiting' }), rawJob({ id: 2, status: 'completed' })]
const minutesMs = (count: number) => count * 60_000

describe('a run that is not in progress by its own word', () => {
  test.each([
    ['waiting', 30],
    ['queued', 5],
    ['pending', 5],
    ['requested', 5],
    ['dreaming', 5],
  ])('is watched while it reads %s and a job of it is in progress, for %i minutes', async (status, minutes) => {
    const { clock, github, start } = watching()
    const seen = start()
    github.run = rawRun({ status })
    github.jobs = [rawJob(), ...waits.map((job, index) => ({ ...job, id: 100 + index }))]
    for (let minute = 0; minute < minutes; minute++) {
      github.jobs[0] = rawJob({ steps: [{ name: `step ${minute}`, status: 'in_progress', number: 1 }] })
      await pass(clock, minutesMs(1))
    }
    expect([seen.value, seen.error]).toEqual([undefined, undefined])
    expect(github.countOf('jobs') + github.countOf('job')).toBeLessThanOrEqual(minutes + 1)
  })
  test('is over once no job of it has been in progress for a minute or two', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    github.run = rawRun({ status: 'waiting' })
    github.jobs = waits
    await pass(clock, minutesMs(1))
    expect(seen.value).toBeUndefined()
    await pass(clock, minutesMs(1.5))
    expect(seen.value).toMatchObject({ reason: 'run_not_in_progress', detail: expect.stringMatching(/waiting/) })
  })
  test('is not over between two jobs', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    github.run = rawRun({ status: 'queued' })
    for (let turn = 0; turn < 10; turn++) {
      github.jobs = turn % 2 === 0 ? waits : [rawJob({ id: 50 + turn })]
      await pass(clock, minutesMs(1))
    }
    expect(seen.value).toBeUndefined()
  })
  test('is not over because its jobs cannot be read', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    github.run = rawRun({ status: 'waiting' })
    github.jobs = waits
    github.fault = new GithubFault('server-error', 'no')
    await pass(clock, minutesMs(5))
    expect([seen.value, seen.error]).toEqual([undefined, undefined])
  })
  test('is not over when more jobs are listed than are read', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    github.run = rawRun({ status: 'waiting' })
    github.jobs = Array.from({ length: 501 }, (_, index) => rawJob({ id: index + 1, status: 'queued' }))
    await pass(clock, minutesMs(5))
    expect(seen.value).toBeUndefined()
  })
  test('is over at once when it is cancelled', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    github.run = rawRun({ status: 'waiting' })
    await pass(clock, minutesMs(5))
    github.run = rawRun({ status: 'completed', conclusion: 'cancelled' })
    await pass(clock, 19_000)
    expect(seen.value).toMatchObject({ reason: 'run_not_in_progress' })
  })
})

describe('the watch goes on', () => {
  test('after single 404s', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    github.run = 'missing'
    await pass(clock, 15_500)
    github.run = rawRun()
    await pass(clock, 30_000)
    expect(seen.value).toBeUndefined()
    github.run = 'missing'
    await pass(clock, 1_500)
    github.run = rawRun()
    await pass(clock, 10_000)
    expect([seen.value, seen.error]).toEqual([undefined, undefined])
  })
  test.each(['server-error', 'unreachable', 'malformed'] as const)(
    'while GitHub is away, and then sees the end: %s',
    async kind => {
      const { clock, github, start } = watching()
      const seen = start()
      github.fault = new GithubFault(kind, 'no')
      await pass(clock, 120_000)
      expect([seen.value, seen.error]).toEqual([undefined, undefined])
      github.fault = undefined
      github.run = rawRun({ status: 'completed', conclusion: 'success' })
      await pass(clock, 16_000)
      expect(seen.value).toMatchObject({ reason: 'run_not_in_progress' })
    },
  )
  test('while a policy keeps us out, asking once a minute, and then sees the end', async () => {
    const { clock, github, start } = watching()
    const seen = start()
    github.fault = new GithubFault('forbidden', 'no')
    await pass(clock, 200_000)
    expect([seen.value, seen.error]).toEqual([undefined, undefined])
    // The authenticated try and the anonymous one, three times.
    expect(github.asked.length).toBeLessThanOrEqual(8)
    github.fault = undefined
    github.run = rawRun({ status: 'completed', conclusion: 'success' })
    await pass(clock, 76_000)
    expect(seen.value).toMatchObject({ reason: 'run_not_in_progress' })
  })
  test('without a request until a limit is over', async () => {
    const { clock, github, start } = watching()
    start()
    github.fault = new GithubFault('limited', 'no', { retryAtMs: fakeNowMs + 300_000 })
    await pass(clock, 299_000)
    expect(github.asked).toHaveLength(1)
  })
  test('while GitHub does not show the attempt yet', async () => {
    const { clock, start } = watching(aQuestion({ attempt: RunAttempt.parse('2') }))
    const seen = start()
    await pass(clock, 60_000)
    expect([seen.value, seen.error]).toEqual([undefined, undefined])
  })
})
