import { describe, expect, it } from 'vitest'
import { backOffMs } from './back-off.ts'

const bounds = { minMs: 100, maxMs: 1_000 }

describe('a back-off', () => {
  it('doubles from its least to its most and stays there', () => {
    expect([1, 2, 3, 4, 5, 6, 2_000].map(failures => backOffMs(failures, bounds))).toEqual([
      100, 200, 400, 800, 1_000, 1_000, 1_000,
    ])
  })

  it('leaves half of the wait to chance when it is given one', () => {
    expect([0, 0.5, 1].map(chance => backOffMs(2, bounds, () => chance))).toEqual([100, 150, 200])
  })
})
