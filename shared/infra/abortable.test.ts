import { describe, expect, it } from 'vitest'
import { orAborted } from './abortable.ts'

const never = new Promise<never>(() => undefined)

describe('waiting for work that cannot be told to stop', () => {
  it('ends with the work', async () => {
    const { signal } = new AbortController()
    expect(await orAborted(Promise.resolve('done'), signal)).toBe('done')
    await expect(orAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken')
  })

  it('ends with the signal’s reason, whenever that comes', async () => {
    const leaving = new AbortController()
    const waiting = orAborted(never, leaving.signal)
    leaving.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
    await expect(orAborted(never, leaving.signal)).rejects.toThrow('left')
  })

  it('is not ended by what the work says after it was left', async () => {
    const leaving = new AbortController()
    const { promise: work, reject } = Promise.withResolvers<never>()
    const waiting = orAborted(work, leaving.signal)
    leaving.abort(new Error('left'))
    reject(new Error('too late'))
    await expect(waiting).rejects.toThrow('left')
  })
})
