import { describe, expect, test } from 'vitest'
import { countedLeft, firstPollMs, nextPollMs, type PollState } from './poll-schedule.ts'

const pollState = (changes: Partial<PollState> = {}): PollState => ({
  claimedAtMs: 100_000,
  firstPollMs: 3_000,
  shownAtMs: undefined,
  shownCount: 0,
  askedAtMs: undefined,
  counted: 0,
  lastPollMs: undefined,
  ...changes,
})

describe('a silent claim', () => {
  test('is polled for 3 s after the claim, then ever more rarely', () => {
    const polls: number[] = []
    for (let last: number | undefined; polls.length < 5; ) {
      last = nextPollMs(pollState({ lastPollMs: last }))
      if (last === undefined) break
      polls.push(last - 100_000)
    }
    expect(polls).toEqual([3_000, 8_000, 18_000, 38_000, 68_000])
  })
  test('gets no poll once its two counted requests are spent', () => {
    expect(nextPollMs(pollState({ counted: 2 }))).toBeUndefined()
  })
  test('is not hastened by being asked for within the first 3 s', () => {
    expect(nextPollMs(pollState({ askedAtMs: 100_100 }))).toBe(103_000)
  })
  test('is hastened by being asked for later, once a second at most', () => {
    expect(nextPollMs(pollState({ askedAtMs: 104_000, lastPollMs: 103_000 }))).toBe(104_000)
    expect(nextPollMs(pollState({ askedAtMs: 103_100, lastPollMs: 103_000 }))).toBe(104_000)
  })
  test('gains no budget by being asked for', () => {
    expect(nextPollMs(pollState({ counted: 2, askedAtMs: 110_000 }))).toBeUndefined()
  })
})

describe('a claim that was shown', () => {
  test('is polled for at once and then at a falling rate', () => {
    const polls: number[] = []
    let last: number | undefined
    for (let turn = 0; turn < 10; turn++) {
      last = nextPollMs(pollState({ shownAtMs: 100_500, shownCount: 1, lastPollMs: last }))
      polls.push((last ?? 0) - 100_500)
    }
    expect(polls).toEqual([0, 250, 500, 750, 1_000, 1_500, 2_000, 4_000, 6_000, 8_000])
  })
  test('gains one counted request for each time, up to six in all', () => {
    expect(countedLeft({ shownCount: 1, counted: 0 })).toBe(3)
    expect(countedLeft({ shownCount: 4, counted: 0 })).toBe(6)
    expect(countedLeft({ shownCount: 1_000, counted: 0 })).toBe(6)
    expect(nextPollMs(pollState({ shownAtMs: 100_500, shownCount: 1_000, counted: 6 }))).toBeUndefined()
  })
})

describe('the first poll', () => {
  test('is at once where the live log needs the job list', () => {
    expect(firstPollMs(['log', 'step-name'])).toBe(0)
  })
  test('waits longest for finished logs alone', () => {
    expect(firstPollMs(['job-log'])).toBe(15_000)
    expect(firstPollMs(['artifact', 'job-log'])).toBe(3_000)
  })
})
