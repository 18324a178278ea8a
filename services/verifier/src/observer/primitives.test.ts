import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, test } from 'vitest'
import { createEtagCache } from '../github/etag-cache.ts'
import { ExpiringMap } from '../github/expiring-map.ts'
import { GithubFault } from '../github/fault.ts'
import { quiesce } from '../testing/fake-time.ts'
import { BackOff } from './back-off.ts'
import { SharedRead } from './shared-read.ts'
import { Wakeup } from './wakeup.ts'

const signal = new AbortController().signal

describe('a shared read', () => {
  const shared = (answers: (() => Promise<number>)[]) => {
    const clock = new FakeClock(1_000)
    let reads = 0
    const read = new SharedRead(() => (answers[reads++] ?? (() => Promise.reject(new Error('too many'))))(), clock)
    return { clock, read, reads: () => reads }
  }
  test('on its way serves all who ask for something that recent', async () => {
    const { read, reads } = shared([() => Promise.resolve(7)])
    expect(await Promise.all([read.since(1_000), read.since(500), read.since(1_000)])).toEqual([7, 7, 7])
    expect(reads()).toBe(1)
  })
  test('that started earlier does not serve who asks for something newer', async () => {
    const gate = Promise.withResolvers<number>()
    const { clock, read, reads } = shared([() => gate.promise, () => Promise.resolve(2)])
    const old = read.since(1_000)
    clock.advance(5)
    const fresh = read.since(1_005)
    gate.resolve(1)
    expect(await Promise.all([old, fresh])).toEqual([1, 2])
    expect(reads()).toBe(2)
  })
  test('that ends late does not replace a newer one', async () => {
    const gate = Promise.withResolvers<number>()
    const { clock, read } = shared([() => gate.promise, () => Promise.resolve(2)])
    const old = read.since(1_000)
    clock.advance(5)
    await read.since(1_005)
    gate.resolve(1)
    await old
    expect(read.latest).toBe(2)
  })
  test('that failed is not kept', async () => {
    const { read } = shared([() => Promise.reject(new Error('x')), () => Promise.resolve(2)])
    await expect(read.since(0)).rejects.toThrow('x')
    expect(await read.since(0)).toBe(2)
  })
})

describe('backing off', () => {
  test('doubles with jitter up to its cap and forgets after a success', () => {
    const backOff = new BackOff(() => 1)
    const waits = Array.from({ length: 8 }, () => {
      backOff.failed(new GithubFault('server-error', 'x'), 0)
      return backOff.untilMs
    })
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000])
    backOff.succeeded()
    expect([backOff.untilMs, backOff.fault]).toEqual([0, undefined])
  })
  test('counts one failed reading once, however many claims shared it', () => {
    const backOff = new BackOff(() => 1)
    const fault = new GithubFault('server-error', 'x')
    for (let claim = 0; claim < 20; claim++) backOff.failed(fault, 0)
    expect(backOff.untilMs).toBe(250)
  })
  test('only a limit is known to outlast a claim', () => {
    const backOff = new BackOff(() => 1)
    backOff.failed(new GithubFault('server-error', 'x', { retryAtMs: 60_000 }), 0)
    expect(backOff.outlasts(10_000)).toBe(false)
    backOff.failed(new GithubFault('limited', 'x', { retryAtMs: 60_000 }), 0)
    expect([backOff.outlasts(10_000), backOff.outlasts(70_000)]).toEqual([true, false])
  })
  test('never comes back before GitHub says', () => {
    const backOff = new BackOff(() => 0)
    backOff.failed(new GithubFault('limited', 'x', { retryAtMs: 60_000 }), 0)
    expect(backOff.untilMs).toBe(60_000)
  })
  test('does not swallow errors that are not GitHub’s', () => {
    expect(() => new BackOff(() => 0).failed(new TypeError('bug'), 0)).toThrow('bug')
  })
})

describe('a wakeup', () => {
  test('between two sleeps is not lost', async () => {
    const wakeup = new Wakeup(new FakeClock())
    wakeup.wake()
    await wakeup.until(undefined, signal)
  })
  test('wakes once only', async () => {
    const wakeup = new Wakeup(new FakeClock())
    wakeup.wake()
    wakeup.wake()
    await wakeup.until(undefined, signal)
    let woke = false
    const sleeping = wakeup.until(undefined, signal).then(() => {
      woke = true
    })
    await quiesce()
    expect(woke).toBe(false)
    wakeup.wake()
    await sleeping
  })
  test('ends with the signal and leaves no timer', async () => {
    const clock = new FakeClock()
    const abort = new AbortController()
    const sleeping = new Wakeup(clock).until(clock.now() + 1_000, abort.signal)
    abort.abort(new Error('over'))
    await expect(sleeping).rejects.toThrow('over')
    await quiesce()
    expect(clock.sleeping).toBe(0)
  })
})

describe('memories are bounded', () => {
  test('an expiring map forgets by time and by number', () => {
    const clock = new FakeClock()
    const map = new ExpiringMap<number>(clock, 1_000, 2)
    for (const [index, key] of ['a', 'b', 'c'].entries()) map.set(key, index)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([undefined, 1, 2])
    clock.advance(1_000)
    expect(map.get('c')).toBeUndefined()
  })
  test('an ETag cache keeps what was used last', () => {
    const cache = createEtagCache(2)
    cache.set('a', { etag: '1', value: 1 })
    cache.set('b', { etag: '2', value: 2 })
    cache.get('a')
    cache.set('c', { etag: '3', value: 3 })
    expect([cache.get('a')?.value, cache.get('b'), cache.get('c')?.value]).toEqual([1, undefined, 3])
  })
})
