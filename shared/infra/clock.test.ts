import { describe, expect, it } from 'vitest'
import { FakeClock } from './testing/fake-clock.ts'

describe('FakeClock', () => {
  it('wakes only the sleepers whose time has come', async () => {
    const clock = new FakeClock(1_000)
    const woken: string[] = []
    const short = clock.sleep(10).then(() => woken.push('short'))
    void clock.sleep(20).then(() => woken.push('long'))
    clock.advance(15)
    await short
    expect(woken).toEqual(['short'])
    expect(clock.sleeping).toBe(1)
    expect(clock.now()).toBe(1_015)
  })

  it('rejects a sleep whose signal aborts, and forgets it', async () => {
    const clock = new FakeClock()
    const abort = new AbortController()
    const sleep = clock.sleep(10, abort.signal)
    abort.abort(new Error('over'))
    await expect(sleep).rejects.toThrow('over')
    expect(clock.sleeping).toBe(0)
    await expect(clock.sleep(1, abort.signal)).rejects.toThrow('over')
  })
})
