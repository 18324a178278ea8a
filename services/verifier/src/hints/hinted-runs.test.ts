import { RunId } from '@forkproof/contracts/ids'
import type { RunHint } from '@forkproof/contracts/run-hint'
import { mulberry32 } from '@forkproof/infra/mulberry32'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, test } from 'vitest'
import { pass } from '../testing/fake-time.ts'
import { jobHint, pullRequestHint, runHint } from '../testing/sample-hints.ts'
import { hintLimits } from './hint-limits.ts'
import { HintedRuns, type RunWatcher } from './hinted-runs.ts'

const sha = 'a'.repeat(40)
const runId = RunId.parse('9000000001')

function hintedRuns() {
  const clock = new FakeClock(0)
  const runs = new HintedRuns(clock)
  const watch = (changes: Partial<RunWatcher> = {}) => {
    const wokenAtMs: number[] = []
    const leave = runs.join({
      runId,
      repositoryId: () => '1001',
      headSha: () => sha,
      wants: () => true,
      wake: () => wokenAtMs.push(clock.now()),
      ...changes,
    })
    return { wokenAtMs, leave }
  }
  return { clock, runs, watch }
}

describe('a hint wakes', () => {
  test.each([
    ['the start of its run', runHint({ action: 'in_progress' })],
    ['the end of its run', runHint()],
    ['a job of its run', jobHint()],
    ['its pull request', pullRequestHint(sha)],
  ])('who watches %s, at once', (_, hint) => {
    const { runs, watch } = hintedRuns()
    const { wokenAtMs } = watch()
    runs.hear(hint)
    expect(wokenAtMs).toEqual([0])
  })
  test('all who watch the run at the same time, so that they share a reading', () => {
    const { runs, watch } = hintedRuns()
    const watchers = Array.from({ length: 20 }, () => watch())
    runs.hear(jobHint())
    expect(watchers.map(({ wokenAtMs }) => wokenAtMs)).toEqual(Array(20).fill([0]))
  })
  test('again some times after an end, because GitHub’s API may show it later', async () => {
    const { clock, runs, watch } = hintedRuns()
    const { wokenAtMs } = watch()
    runs.hear(runHint())
    await pass(clock, 20_000)
    expect(wokenAtMs).toEqual([0, 1_000, 3_000, 8_000])
  })
  test('again after an end although another hint came meanwhile', async () => {
    const { clock, runs, watch } = hintedRuns()
    const { wokenAtMs } = watch()
    runs.hear(runHint())
    await pass(clock, 500)
    runs.hear(jobHint())
    await pass(clock, 20_000)
    expect(wokenAtMs).toEqual([0, 500, 1_000, 3_000, 8_000])
  })
  test('who has read nothing yet, by the run alone', () => {
    const { runs, watch } = hintedRuns()
    const { wokenAtMs } = watch({ repositoryId: () => undefined, headSha: () => undefined })
    runs.hear(jobHint())
    expect(wokenAtMs).toEqual([0])
  })
  test('who begins to watch just after the end', () => {
    const { runs, watch } = hintedRuns()
    runs.hear(runHint())
    expect(watch().wokenAtMs).toEqual([0])
  })
})

describe('a hint wakes nobody', () => {
  const other = RunId.parse('9000000002')
  test.each<[string, RunHint]>([
    ['of another run', runHint({ runId: other })],
    ['of another repository that names the run', runHint({ repositoryId: '666' })],
    ['of another commit', pullRequestHint('b'.repeat(40))],
    ['of a pull request of another repository with the same commit', pullRequestHint(sha, { repositoryId: '666' })],
  ])('%s', (_, hint) => {
    const { runs, watch } = hintedRuns()
    const { wokenAtMs } = watch()
    runs.hear(hint)
    expect(wokenAtMs).toEqual([])
  })
  test('who does not want it', () => {
    const { runs, watch } = hintedRuns()
    const { wokenAtMs } = watch({ wants: ({ about }) => about === 'run' })
    runs.hear(jobHint())
    expect(wokenAtMs).toEqual([])
  })
  test('of a pull request whose commit was not read yet', () => {
    const { runs, watch } = hintedRuns()
    const { wokenAtMs } = watch({ headSha: () => undefined })
    runs.hear(pullRequestHint(sha))
    expect(wokenAtMs).toEqual([])
  })
  test('who has left, also when a wake was planned', async () => {
    const { clock, runs, watch } = hintedRuns()
    const { wokenAtMs, leave } = watch()
    runs.hear(runHint())
    leave()
    leave()
    runs.hear(runHint())
    await pass(clock, 20_000)
    expect([wokenAtMs, runs.size, clock.sleeping]).toEqual([[0], 0, 0])
  })
  test('who begins to watch long after the end', async () => {
    const { clock, runs, watch } = hintedRuns()
    runs.hear(runHint())
    clock.advance(hintLimits.endedRememberedMs)
    expect(watch().wokenAtMs).toEqual([])
  })
  test('where nobody watches, however many there are', () => {
    const { clock, runs } = hintedRuns()
    for (let count = 1; count < 30_000; count++) runs.hear(runHint({ runId: RunId.parse(String(count)) }))
    expect([runs.size, clock.sleeping]).toEqual([0, 0])
  })
})

describe('the gate of a run', () => {
  test('lets a burst through and then ever less, and never loses the last wake', async () => {
    const { clock, runs, watch } = hintedRuns()
    const { wokenAtMs } = watch()
    for (let turn = 0; turn < 600; turn++) {
      runs.hear(jobHint())
      await pass(clock, 1_000)
    }
    expect(wokenAtMs.length).toBeLessThanOrEqual(24)
    const lastHintMs = clock.now() - 1_000
    await pass(clock, hintLimits.wakeGapMsMax)
    expect(wokenAtMs.at(-1)).toBeGreaterThanOrEqual(lastHintMs)
  }, 60_000)

  const seeds = [11, 22, 33, 44]
  test.each(seeds)(
    'holds whatever is sent, and a wake follows every hint (seed %d)',
    async seed => {
      const random = mulberry32(seed)
      const { clock, runs, watch } = hintedRuns()
      const { wokenAtMs } = watch()
      let lastHintMs = 0
      for (let turn = 0; turn < 120; turn++) {
        const kinds = [runHint(), jobHint(), pullRequestHint(sha)]
        runs.hear(kinds[Math.floor(random() * kinds.length)] ?? jobHint())
        lastHintMs = clock.now()
        await pass(clock, Math.floor(random() * 4_000))
      }
      await pass(clock, hintLimits.wakeGapMsMax)
      expect(wokenAtMs.at(-1)).toBeGreaterThanOrEqual(lastHintMs)
      for (const [index, at] of wokenAtMs.entries()) {
        const within = wokenAtMs.slice(index).filter(other => other < at + hintLimits.wakeWindowMs)
        expect(within.length).toBeLessThanOrEqual(24)
      }
    },
    60_000,
  )

  test('is each run’s own', () => {
    const { runs, watch } = hintedRuns()
    watch()
    const other = watch({ runId: RunId.parse('9000000002') })
    for (let turn = 0; turn < 100; turn++) runs.hear(jobHint())
    runs.hear(jobHint({ runId: RunId.parse('9000000002') }))
    expect(other.wokenAtMs).toEqual([0])
  })
})
