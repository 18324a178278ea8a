import { describe, expect, it } from 'vitest'
import { withDeadline } from './deadline.ts'
import { FakeClock } from './testing/fake-clock.ts'

const untilStopped = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
const deaf = () => new Promise<never>(() => undefined)

describe('a deadline', () => {
  it('hands on what was done in time, and leaves no timer', async () => {
    const clock = new FakeClock()
    expect(await withDeadline({ clock, ms: 10 }, async () => 7)).toBe(7)
    expect(clock.sleeping).toBe(0)
  })

  it('hands on the work’s own error', async () => {
    const failing = withDeadline({ clock: new FakeClock(), ms: 10 }, () => Promise.reject(new Error('broken')))
    await expect(failing).rejects.toThrow('broken')
  })

  it('tells the work to stop when the time is over', async () => {
    const clock = new FakeClock()
    const work = withDeadline({ clock, ms: 10, graceMs: 5 }, untilStopped)
    clock.advance(10)
    await expect(work).rejects.toThrow('stopped')
  })

  it('does not wait for work that does not listen', async () => {
    const clock = new FakeClock()
    const work = withDeadline({ clock, ms: 10 }, deaf)
    clock.advance(10)
    await expect(work).rejects.toThrow('not done within 10 ms')
  })

  it('gives work that does not listen its grace, and no more', async () => {
    const clock = new FakeClock()
    let over = false
    const work = withDeadline({ clock, ms: 10, graceMs: 5 }, deaf).catch(() => {
      over = true
    })
    clock.advance(10)
    await new Promise(resolve => setImmediate(resolve))
    expect(over).toBe(false)
    clock.advance(5)
    await work
    expect([over, clock.sleeping]).toEqual([true, 0])
  })

  it('ends with its parent', async () => {
    const parent = new AbortController()
    const work = withDeadline({ clock: new FakeClock(), ms: 10, parent: parent.signal }, deaf)
    parent.abort(new Error('not wanted'))
    await expect(work).rejects.toThrow('not wanted')
  })

  it('begins nothing when its parent is over', async () => {
    let begun = false
    const begin = async () => {
      begun = true
    }
    await expect(
      withDeadline({ clock: new FakeClock(), ms: 10, parent: AbortSignal.abort(new Error('over')) }, begin),
    ).rejects.toThrow('over')
    expect(begun).toBe(false)
  })
})
