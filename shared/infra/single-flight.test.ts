import { describe, expect, it } from 'vitest'
import { SingleFlight } from './single-flight.ts'

describe('a single flight', () => {
  it('begins once for all that ask meanwhile, and again for whoever asks later', async () => {
    const flight = new SingleFlight<string, number>()
    let begun = 0
    const { promise: landed, resolve } = Promise.withResolvers<void>()
    const work = async () => {
      begun += 1
      await landed
      return begun
    }
    const first = [flight.run('a', work), flight.run('a', work)]
    resolve()
    expect(await Promise.all(first)).toEqual([1, 1])
    expect(flight.underWay('a')).toBeUndefined()
    expect(await flight.run('a', work)).toBe(2)
  })

  it('is another for each key', async () => {
    const flight = new SingleFlight<string, string>()
    expect(await Promise.all(['a', 'b'].map(key => flight.run(key, async () => key)))).toEqual(['a', 'b'])
  })

  it('shares a failure and forgets it', async () => {
    const flight = new SingleFlight<string, number>()
    const fails = () => Promise.reject(new Error('away'))
    const outcomes = await Promise.allSettled([flight.run('a', fails), flight.run('a', fails)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await flight.run('a', async () => 1)).toBe(1)
  })
})
