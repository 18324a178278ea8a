import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freeRange, isInRange, usersPerBuilder } from './user-ranges.ts'

const ranges = { first: 1_879_048_192, count: 8 }

describe('users of a builder', () => {
  it('are nobody else’s, until none are left', () => {
    const taken: number[] = []
    for (let builder = 0; builder < ranges.count; builder++) {
      const first = freeRange(ranges, taken, `builder ${builder}`)
      expect(first).toBeDefined()
      if (first !== undefined) taken.push(first + 70)
    }
    expect(new Set(taken).size).toBe(ranges.count)
    expect(freeRange(ranges, taken, 'one more')).toBeUndefined()
  })

  it('are aligned, inside of the ranges and never those of any user that is taken', () => {
    const anyUser = fc.integer({ min: 0, max: 2 ** 32 - 2 })
    fc.assert(
      fc.property(fc.array(anyUser), fc.string(), (taken, name) => {
        const first = freeRange(ranges, taken, name)
        if (first === undefined) return
        expect((first - ranges.first) % usersPerBuilder).toBe(0)
        expect(isInRange(first, ranges.first) || first > ranges.first).toBe(true)
        expect(first + usersPerBuilder).toBeLessThanOrEqual(ranges.first + ranges.count * usersPerBuilder)
        expect(taken.filter(user => isInRange(user, first))).toEqual([])
      }),
      { seed: 7 },
    )
  })

  it('do not depend on users below or above', () => {
    expect(freeRange({ first: 65_536, count: 1 }, [0, 65_535, 131_072], 'x')).toBe(65_536)
    expect(freeRange({ first: 65_536, count: 1 }, [65_536], 'x')).toBeUndefined()
    expect(freeRange({ first: 65_536, count: 1 }, [131_071], 'x')).toBeUndefined()
  })
})
