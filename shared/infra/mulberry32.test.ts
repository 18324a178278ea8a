import { describe, expect, it } from 'vitest'
import { mulberry32 } from './mulberry32.ts'

describe('seeded random numbers', () => {
  it('depend on the seed alone', () => {
    const numbersOf = (seed: number) => Array.from({ length: 5 }, mulberry32(seed))
    expect(numbersOf(3)).toEqual(numbersOf(3))
    expect(numbersOf(3)).not.toEqual(numbersOf(4))
  })

  it('lie from 0 to below 1', () => {
    const numbers = Array.from({ length: 10_000 }, mulberry32(-1))
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
  })
})
