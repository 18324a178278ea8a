import { describe, expect, test } from 'vitest'
import { firstPollMs, nextPollMs, type PollState } from './poll-schedule.ts'

const claimedAtMs = 100_000
const pollState = (changes: Partial<PollState> = {}): PollState => ({
  claimedAtMs,
  firstPollMs: 3_000,
  shownAtMs: undefined,
  shownAgainAtMs: undefined,
  askedAtMs: undefined,
  lastPollMs: undefined,
  countedUnshown: 0,
  ...changes,
})

/** The times of the next polls after `fromMs`, each made when it is due. */
function pollsOf(count: number, changes: Partial<PollState>, fromMs = claimedAtMs): number[] {
  const polls: number[] = []
  for (let last: number | undefined; polls.length < count; ) {
    last = nextPollMs(pollState({ ...changes, lastPollMs: last }))
    polls.push(last - fromMs)
  }
  return polls
}

describe('a silent claim', () => {
  test('is polled for 3 s after the claim, then ever more rarely', () => {
    expect(pollsOf(5, {})).toEqual([3_000, 8_000, 18_000, 38_000, 68_000])
  })
  test('is not hastened by being asked for within the first 3 s', () => {
    expect(nextPollMs(pollState({ askedAtMs: 100_100 }))).toBe(103_000)
  })
  test('is hastened by being asked for later, once a second at most', () => {
    expect(nextPollMs(pollState({ askedAtMs: 104_000, lastPollMs: 103_000 }))).toBe(104_000)
    expect(nextPollMs(pollState({ askedAtMs: 103_100, lastPollMs: 103_000 }))).toBe(104_000)
  })
  test.each([
    [1, 105_000],
    [2, 107_000],
    [3, 108_000],
    [1_000, 108_000],
  ])('is hastened the less the more its polls have cost: %i', (countedUnshown, atMs) => {
    expect(nextPollMs(pollState({ askedAtMs: 103_100, lastPollMs: 103_000, countedUnshown }))).toBe(atMs)
  })
})

describe('a claim that was shown', () => {
  test('is polled for at once and then at a falling rate', () => {
    const polls = pollsOf(10, { shownAtMs: 100_500 }, 100_500)
    expect(polls).toEqual([0, 250, 500, 750, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000])
  })
  test('is polled for to its end, every five seconds at the least', () => {
    const polls = pollsOf(200, { shownAtMs: 100_500 }, 100_500)
    const pauses = polls.map((at, index) => at - (polls[index - 1] ?? 0))
    expect(Math.max(...pauses)).toBe(5_000)
    expect(polls.filter(at => at <= 120_000).length).toBeLessThanOrEqual(52)
  })
  test('is polled for within a second again once it says so again', () => {
    const shown = { shownAtMs: 100_500, lastPollMs: 180_000 }
    expect(nextPollMs(pollState(shown))).toBe(185_000)
    expect(nextPollMs(pollState({ ...shown, shownAgainAtMs: 180_400 }))).toBe(181_000)
    expect(nextPollMs(pollState({ ...shown, shownAgainAtMs: 184_000 }))).toBeLessThanOrEqual(184_000)
  })
  test('is polled for no faster by what was asked or cost before', () => {
    const shown = { shownAtMs: 100_500, lastPollMs: 110_000 }
    expect(nextPollMs(pollState({ ...shown, askedAtMs: 110_100, countedUnshown: 9 }))).toBe(111_000)
  })
})

describe('the first poll', () => {
  test('of the jobs is at once where the live log needs them', () => {
    expect(firstPollMs(['log', 'step-name'], 'jobs')).toBe(0)
  })
  test('of the jobs waits longest for finished logs alone', () => {
    expect(firstPollMs(['job-log'], 'jobs')).toBe(15_000)
    expect(firstPollMs(['artifact', 'job-log'], 'jobs')).toBe(15_000)
  })
  test('of the jobs gives an artifact its time first', () => {
    expect(firstPollMs(['artifact', 'log'], 'jobs')).toBe(3_000)
    expect(firstPollMs(['artifact', 'log'], 'artifacts')).toBe(3_000)
  })
  test('is none for a list that no channel reads', () => {
    expect(firstPollMs(['artifact'], 'jobs')).toBeUndefined()
    expect(firstPollMs(['log', 'step-name', 'job-log'], 'artifacts')).toBeUndefined()
  })
})
