import { AppError } from '@forkproof/contracts/errors'
import type { Bucket } from '@forkproof/infra/bus'

const retryAfterSeconds = 2

/**
 * A bucket that is opened when it is first used, because the bus may come later than the service. A use that
 * cannot be served within `timeoutMs`, or while the bus is away, throws AppError `temporarily_unavailable`;
 * whether a write was stored is then not known.
 */
export function lazyBucket(options: { isUp: () => boolean; open: () => Promise<Bucket>; timeoutMs: number }): Bucket {
  let opened: Bucket | undefined
  const use = async <T>(work: (bucket: Bucket) => Promise<T>): Promise<T> => {
    try {
      if (!options.isUp()) throw new Error('the message bus is not connected')
      return await withinMs(options.timeoutMs, async () => {
        opened ??= await options.open()
        return work(opened)
      })
    } catch (cause) {
      throw new AppError('temporarily_unavailable', { cause, retryAfterSeconds })
    }
  }
  return {
    get: key => use(bucket => bucket.get(key)),
    create: (key, value) => use(bucket => bucket.create(key, value)),
    set: (key, value) => use(bucket => bucket.set(key, value)),
    update: (key, value, revision) => use(bucket => bucket.update(key, value, revision)),
    remove: (key, revision) => use(bucket => bucket.remove(key, revision)),
    keys: () => use(bucket => bucket.keys()),
    history: key => use(bucket => bucket.history(key)),
  }
}

async function withinMs<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  try {
    return await Promise.race([work(), promise])
  } finally {
    clearTimeout(timer)
  }
}
