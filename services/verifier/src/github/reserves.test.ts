import { describe, expect, test } from 'vitest'
import { fakeNowMs as nowMs } from '../testing/fake-github-answers.ts'
import type { RequestPriority } from './request-priority.ts'
import { headroom, spendableAtMs } from './reserves.ts'

const hourMs = 3_600_000
const at = (remaining: number, minutesLeft: number) => ({
  limit: 5_000,
  remaining,
  resetAtMs: nowMs + minutesLeft * 60_000,
})

describe('what a priority may spend of an hour', () => {
  test.each<[RequestPriority, number, number, number]>([
    ['admitted', 5_000, 60, 5_000],
    ['admitted', 1, 60, 1],
    ['admitted', 0, 60, 0],
    ['related', 5_000, 60, 4_500],
    ['related', 500, 1, 0],
    ['unknown', 5_000, 60, 1_250],
    ['unknown', 3_750, 60, 0],
    ['unknown', 3_750, 30, 625],
    ['unknown', 2_501, 0.0001, 1],
    ['unknown', 2_500, 1, -20.833],
  ])('%s, of %i requests with %d minutes left: %d', (priority, remaining, minutes, expected) => {
    expect(headroom(at(remaining, minutes), priority, 0, nowMs)).toBeCloseTo(expected, 0)
  })
  test('counts requests that are not answered yet', () => {
    expect(headroom(at(3_752, 60), 'unknown', 2, nowMs)).toBe(0)
  })
  test('is whole again after the reset', () => {
    expect(headroom(at(0, -1), 'unknown', 0, nowMs)).toBe(1_250)
  })
})

describe('when it may spend the next one', () => {
  test.each<[RequestPriority, number, number]>([
    ['admitted', 1, 60],
    ['related', 501, 60],
    ['unknown', 3_751, 60],
    ['unknown', 2_600, 2],
  ])('%s, of %i requests with %i minutes left: now', (priority, remaining, minutes) => {
    expect(spendableAtMs(at(remaining, minutes), priority, 0, nowMs)).toBe(nowMs)
  })
  test.each<[RequestPriority, number, number]>([
    ['admitted', 0, 60],
    ['related', 500, 60],
    ['unknown', 2_000, 30],
  ])('%s, of %i requests with %i minutes left: after the reset', (priority, remaining, minutes) => {
    expect(spendableAtMs(at(remaining, minutes), priority, 0, nowMs)).toBe(nowMs + minutes * 60_000)
  })
  test.each([3_700, 3_500, 3_000, 2_501])('an unknown repository, of %i requests: as the hour goes on', remaining => {
    const whenMs = spendableAtMs(at(remaining, 60), 'unknown', 0, nowMs)
    expect(whenMs).toBeGreaterThan(nowMs)
    expect(whenMs).toBeLessThanOrEqual(nowMs + hourMs)
    const then = { limit: 5_000, remaining, resetAtMs: nowMs + hourMs }
    if (whenMs < nowMs + hourMs) expect(headroom(then, 'unknown', 0, whenMs)).toBeGreaterThanOrEqual(1)
    expect(headroom(then, 'unknown', 0, whenMs - 2_000)).toBeLessThan(1)
  })
  test('in a minute when GitHub does not say when the hour ends', () => {
    expect(spendableAtMs({ ...at(0, 1), resetAtMs: undefined }, 'related', 0, nowMs)).toBe(nowMs + 60_000)
  })
})
