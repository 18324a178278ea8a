import { FakeBucket } from '@forkproof/infra/testing/fake-bucket'
import { describe, expect, it } from 'vitest'
import { lazyBucket } from './lazy-bucket.ts'

const away = expect.objectContaining({ code: 'temporarily_unavailable', retryAfterSeconds: 2 })

describe('a bucket that is opened when it is used', () => {
  it('passes everything on, and is opened once', async () => {
    let opened = 0
    const memory = new FakeBucket()
    const open = async () => {
      opened++
      return memory
    }
    const bucket = lazyBucket({ isUp: () => true, open, timeoutMs: 1_000 })
    expect(opened).toBe(0)
    expect(await bucket.create('a', '1')).toBe(1)
    expect(await bucket.create('a', '2')).toBeUndefined()
    expect(await bucket.update('a', '2', 1)).toBe(2)
    expect(await bucket.get('a')).toEqual({ value: '2', revision: 2 })
    expect(await bucket.keys()).toEqual(['a'])
    expect(await bucket.history('a')).toHaveLength(2)
    expect(await bucket.remove('a', 1)).toBe(false)
    expect(await bucket.remove('a', 2)).toBe(true)
    expect(opened).toBe(1)
  })

  it('is away with the bus, and back with it', async () => {
    let up = false
    const bucket = lazyBucket({ isUp: () => up, open: async () => new FakeBucket(), timeoutMs: 1_000 })
    for (const use of [bucket.get('a'), bucket.create('a', '1'), bucket.remove('a', 1), bucket.keys()]) {
      await expect(use).rejects.toEqual(away)
    }
    up = true
    expect(await bucket.create('a', '1')).toBe(1)
    up = false
    await expect(bucket.get('a')).rejects.toEqual(away)
  })

  it('is away when it cannot be opened or does not answer in time, and tried again', async () => {
    let attempts = 0
    const open = async () => {
      attempts++
      if (attempts === 1) throw new Error('no such bucket')
      const memory = new FakeBucket()
      memory.beforeWrite = () => new Promise(() => undefined)
      return memory
    }
    const bucket = lazyBucket({ isUp: () => true, open, timeoutMs: 20 })
    await expect(bucket.get('a')).rejects.toEqual(away)
    expect(await bucket.get('a')).toBeUndefined()
    await expect(bucket.create('a', '1')).rejects.toEqual(away)
  })
})
