import { mulberry32 } from '@forkproof/infra/mulberry32'
import { describe, expect, test } from 'vitest'
import { fakeNowMs } from '../testing/fake-github-answers.ts'
import { PointsWindow } from './points-window.ts'
import type { RequestPriority } from './request-priority.ts'

describe('the points of a minute', () => {
  test.each<[RequestPriority, number]>([
    ['admitted', 900],
    ['related', 810],
    ['unknown', 450],
  ])('%s gets so many at once: %i', (priority, points) => {
    const window = new PointsWindow(900)
    let spent = 0
    for (; window.spendableAtMs(priority, fakeNowMs) <= fakeNowMs; spent++) window.spend(fakeNowMs)
    expect(spent).toBe(points)
    const nextMs = window.spendableAtMs(priority, fakeNowMs)
    expect(nextMs).toBeGreaterThanOrEqual(fakeNowMs + 60_000)
    expect(nextMs).toBeLessThanOrEqual(fakeNowMs + 61_000)
    expect(window.spendableAtMs(priority, nextMs)).toBe(nextMs)
  })
  test('a flood of unknown ones leaves the others theirs', () => {
    const window = new PointsWindow(900)
    while (window.spendableAtMs('unknown', fakeNowMs) <= fakeNowMs) window.spend(fakeNowMs)
    expect(window.spendableAtMs('related', fakeNowMs)).toBe(fakeNowMs)
    expect(window.spendableAtMs('admitted', fakeNowMs)).toBe(fakeNowMs)
  })
  test.each([1, 2, 3])('are never exceeded in any minute, whatever comes when (seed %i)', seed => {
    const random = mulberry32(seed)
    const window = new PointsWindow(100)
    const spentAtMs: number[] = []
    const priorities: RequestPriority[] = ['admitted', 'related', 'unknown']
    for (let nowMs = fakeNowMs; nowMs < fakeNowMs + 600_000; nowMs += Math.floor(random() * 700)) {
      const priority = priorities[Math.floor(random() * 3)] ?? 'unknown'
      const dueMs = window.spendableAtMs(priority, nowMs)
      if (dueMs > nowMs) continue
      window.spend(nowMs)
      spentAtMs.push(nowMs)
      expect(spentAtMs.filter(atMs => atMs > nowMs - 60_000).length).toBeLessThanOrEqual(100)
    }
    expect(spentAtMs.length).toBeGreaterThan(500)
  })
  test('do not come back when the clock goes back', () => {
    const window = new PointsWindow(10)
    for (let index = 0; index < 10; index++) window.spend(fakeNowMs)
    expect(window.spendableAtMs('admitted', fakeNowMs - 3_600_000)).toBeGreaterThan(fakeNowMs)
  })
})
