import { RunAttempt, RunId } from '@forkproof/contracts/ids'
import type { RunHint } from '@forkproof/contracts/run-hint'
import { mulberry32 } from '@forkproof/infra/mulberry32'
import { describe, expect, test } from 'vitest'
import { GithubFault } from '../github/fault.ts'
import { fakeNowMs, rawRun } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { aQuestion, createInspectionHarness } from '../testing/inspection-harness.ts'
import { jobHint, pullRequestHint, runHint } from '../testing/sample-hints.ts'
import { watchUntilOver } from './watch-run.ts'

const completed = rawRun({ status: 'completed', conclusion: 'cancelled' })
const headSha = String(rawRun()['head_sha'])
const second = RunAttempt.parse('2')

/** A build's run that is watched, with the pauses that a deployment has. */
function watching(question = aQuestion()) {
  const harness = createInspectionHarness(question)
  const start = (random = () => 0.5) => {
    const deps = { clock: harness.clock, random, everyMs: 15_000, hints: harness.hints }
    return harness.begin((sources, signal) => watchUntilOver(question, sources, deps, signal))
  }
  return { ...harness, start }
}

describe('a hint about a watched run', () => {
  test.each([
    ['that it was completed', runHint(), completed],
    ['that it has a newer attempt', runHint({ attempt: second, action: 'in_progress' }), rawRun({ run_attempt: 2 })],
  ])('%s ends the watch after one reading, at once', async (_, hint, run) => {
    const { clock, github, hint: tell, start } = watching()
    const seen = start()
    await pass(clock, 1_000)
    github.run = run
    tell(hint)
    await pass(clock, 50)
    expect([seen.value !== undefined, seen.atMs, github.asked]).toEqual([true, fakeNowMs + 1_000, ['run']])
  })

  test('ends the watches of all its builds with one reading', async () => {
    const { clock, github, hint, start } = watching()
    const builds = Array.from({ length: 20 }, () => start())
    await pass(clock, 1_000)
    github.run = completed
    github.latencyMs = 80
    hint(runHint())
    await pass(clock, 200)
    expect(builds.map(build => build.value?.reason)).toEqual(Array(20).fill('run_not_in_progress'))
    expect(github.asked).toEqual(['run'])
  })

  test('whose end GitHub’s API shows later ends it when the API does', async () => {
    const { clock, github, hint, start } = watching()
    const seen = start()
    await pass(clock, 1_000)
    hint(runHint())
    await pass(clock, 2_000)
    expect(seen.value).toBeUndefined()
    github.run = completed
    await pass(clock, 1_100)
    expect(seen.value).toMatchObject({ reason: 'run_not_in_progress' })
  })

  test('that came while the build was being confirmed is not lost', async () => {
    const { clock, github, hint, start } = watching()
    hint(runHint())
    github.run = completed
    const seen = start()
    await pass(clock, 50)
    expect(seen.value).toMatchObject({ reason: 'run_not_in_progress' })
  })

  test('that comes while GitHub is limited waits for the limit’s end', async () => {
    const { clock, github, hint, start } = watching()
    const seen = start()
    github.fault = new GithubFault('limited', 'no', { retryAtMs: fakeNowMs + 100_000 })
    hint(runHint())
    await pass(clock, 90_000)
    expect([seen.value, github.asked.length]).toEqual([undefined, 1])
    github.fault = undefined
    github.run = completed
    await pass(clock, 11_000)
    expect(seen.value).toMatchObject({ reason: 'run_not_in_progress' })
  })

  test('of its pull request makes it look', async () => {
    const { clock, github, hint, start } = watching()
    start()
    await pass(clock, 15_100)
    const before = github.asked.length
    hint(pullRequestHint(headSha))
    await pass(clock, 50)
    expect(github.asked.length).toBe(before + 1)
  })
})

describe('a hint that is forged', () => {
  const forged: readonly [string, RunHint][] = [
    ['that the run was completed', runHint()],
    ['that the run has a newer attempt', runHint({ attempt: second, action: 'requested' })],
    ['that the pull request was closed', pullRequestHint(headSha)],
  ]
  test.each(forged)('%s ends nothing', async (_, hint) => {
    const { clock, hint: tell, start } = watching()
    const seen = start()
    for (let turn = 0; turn < 20; turn++) {
      tell(hint)
      await pass(clock, 3_000)
    }
    expect([seen.value, seen.error]).toEqual([undefined, undefined])
  })

  test('costs at most some readings a run, and none that is counted while nothing changes', async () => {
    const { clock, github, hint, start } = watching()
    start()
    for (let turn = 0; turn < 600; turn++) {
      for (const [, one] of forged) hint(one)
      await pass(clock, 1_000)
    }
    expect(github.asked.length).toBeLessThanOrEqual(64)
    expect(github.countOf('run')).toBe(1)
  }, 60_000)

  test.each([
    ['of a job of the run, which may be one of hundreds', jobHint({ action: 'completed' })],
    ['of the run’s older attempt', runHint()],
    ['of the start of this attempt', runHint({ attempt: second, action: 'in_progress' })],
    ['of a run that nobody watches', runHint({ runId: RunId.parse('9000000002'), attempt: second })],
    ['of another repository', runHint({ repositoryId: '666', attempt: second })],
  ])('or useless, %s, causes no reading', async (_, hint) => {
    const { clock, github, hint: tell, start } = watching(aQuestion({ attempt: second }))
    start()
    tell(hint)
    await pass(clock, 11_000)
    expect(github.asked).toEqual([])
  })
})

describe('where webhooks are heard', () => {
  const minutes = 60_000

  /** Requests in ten minutes of one build's run. */
  async function requestsOf(heard: readonly RunHint[]): Promise<number> {
    const { clock, github, hint, start } = watching()
    for (const one of heard) hint(one)
    start()
    await pass(clock, 10 * minutes)
    return github.asked.length
  }

  test('a quiet run is polled ten times in ten minutes, and forty times without', async () => {
    const ofAnotherRun = runHint({ runId: RunId.parse('9000000002') })
    expect([await requestsOf([]), await requestsOf([ofAnotherRun])]).toEqual([40, 10])
  }, 60_000)

  test.each([
    ['a job alone, which tells of no run’s end', jobHint()],
    ['another repository', runHint({ repositoryId: '666' })],
  ])(
    'of %s, polls stay as they are',
    async (_, hint) => {
      expect(await requestsOf([hint])).toBe(40)
    },
    60_000,
  )

  test('a run whose end no webhook told ends all the same, and polls are as without from then on', async () => {
    const { clock, github, hint, start } = watching()
    hint(runHint({ action: 'in_progress' }))
    const seen = start()
    await pass(clock, 20_000)
    github.run = completed
    await pass(clock, 61_000)
    expect(seen.value).toMatchObject({ reason: 'run_not_in_progress' })
    github.run = rawRun()
    const before = github.asked.length
    start()
    await pass(clock, 2 * minutes)
    expect(github.asked.length - before).toBeGreaterThanOrEqual(7)
  })

  test('a run that reads queued is polled as without: no webhook tells that it is dead', async () => {
    const { clock, github, hint, start } = watching()
    github.run = rawRun({ status: 'queued' })
    hint(runHint({ action: 'in_progress' }))
    start()
    await pass(clock, 60_500)
    expect(github.asked.filter(read => read === 'run')).toHaveLength(4)
  })
})

describe('webhooks that are lost, doubled, late, reordered or forged', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'change nothing but when a run’s end is seen (seed %d)',
    async seed => {
      const random = mulberry32(seed)
      const { clock, github, hint, start } = watching()
      const seen = start(random)
      const endMs = Math.floor(random() * 120_000)
      const hints = [
        runHint({ action: 'in_progress' }),
        runHint(),
        runHint({ attempt: second, action: 'requested' }),
        jobHint(),
        pullRequestHint(headSha),
        runHint({ repositoryId: '666' }),
      ]
      let passedMs = 0
      let endedMs: number | undefined
      while (passedMs < 260_000 && seen.value === undefined) {
        const stepMs = Math.ceil(random() * 5_000)
        const one = hints[Math.floor(random() * hints.length * 2)]
        if (one) hint(one)
        if (passedMs >= endMs && endedMs === undefined) {
          github.run = completed
          endedMs = clock.now()
        }
        await pass(clock, stepMs)
        passedMs += stepMs
      }
      expect(seen.value).toEqual({ reason: 'run_not_in_progress', detail: expect.anything() })
      expect(seen.atMs).toBeGreaterThanOrEqual(endedMs ?? Number.POSITIVE_INFINITY)
      // The safety poll with its jitter, and a last request.
      expect((seen.atMs ?? 0) - (endedMs ?? 0)).toBeLessThanOrEqual(60_000 * 1.2 + 1_000)
    },
    60_000,
  )
})
