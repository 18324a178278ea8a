import { describe, expect, test } from 'vitest'
import { Semaphore } from './semaphore.ts'

const signal = new AbortController().signal

describe('a semaphore', () => {
  test('lets so many work at once and no more, in order', async () => {
    const semaphore = new Semaphore(2)
    const log: string[] = []
    const gates = ['a', 'b', 'c'].map(name => ({ name, ...Promise.withResolvers<void>() }))
    const works = gates.map(gate =>
      semaphore.run(async () => {
        log.push(gate.name)
        await gate.promise
      }, signal),
    )
    await Promise.resolve()
    expect(log).toEqual(['a', 'b'])
    gates[0]?.resolve()
    await works[0]
    await Promise.resolve()
    expect(log).toEqual(['a', 'b', 'c'])
    for (const gate of gates) gate.resolve()
    await Promise.all(works)
  })
  test('gives the place on when work fails', async () => {
    const semaphore = new Semaphore(1)
    await expect(semaphore.run(() => Promise.reject(new Error('x')), signal)).rejects.toThrow('x')
    expect(await semaphore.run(() => Promise.resolve(1), signal)).toBe(1)
  })
  test('forgets who stopped waiting', async () => {
    const semaphore = new Semaphore(1)
    const gate = Promise.withResolvers<void>()
    const first = semaphore.run(() => gate.promise, signal)
    const abort = new AbortController()
    const second = semaphore.run(() => Promise.resolve('ran'), abort.signal)
    abort.abort(new Error('gone'))
    await expect(second).rejects.toThrow('gone')
    gate.resolve()
    await first
    expect(await semaphore.run(() => Promise.resolve('next'), signal)).toBe('next')
  })
})

describe('places are kept by priority', () => {
  test('so that unanswered requests of unknown repositories hold up nobody else', async () => {
    const semaphore = new Semaphore(4)
    const begun: string[] = []
    const hang = (name: string, priority: 'admitted' | 'related' | 'unknown') =>
      void semaphore.run(
        () => {
          begun.push(name)
          return new Promise(() => undefined)
        },
        signal,
        priority,
      )
    for (let index = 0; index < 10; index++) hang(`unknown ${index}`, 'unknown')
    await Promise.resolve()
    hang('related', 'related')
    hang('admitted', 'admitted')
    await Promise.resolve()
    expect(begun).toEqual(['unknown 0', 'unknown 1', 'related', 'admitted'])
  })
  test('and a free place goes to the one with most priority that waits', async () => {
    const semaphore = new Semaphore(1)
    const gate = Promise.withResolvers<void>()
    const begun: string[] = []
    const works = (['unknown', 'related', 'admitted'] as const).map(priority =>
      semaphore.run(
        async () => {
          begun.push(priority)
          if (priority === 'unknown') await gate.promise
        },
        signal,
        priority,
      ),
    )
    await Promise.resolve()
    expect(begun).toEqual(['unknown'])
    gate.resolve()
    await Promise.all(works)
    expect(begun).toEqual(['unknown', 'admitted', 'related'])
  })
})
