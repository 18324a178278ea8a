import { afterAll } from 'vitest'

const closers: (() => unknown)[] = []

// Registered at import: vitest runs no afterAll that a test or another hook registers.
afterAll(async () => {
  const failures: unknown[] = []
  for (let close = closers.pop(); close; close = closers.pop()) {
    try {
      await close()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'not everything could be closed after the file')
})

/** Closes something after the test file, in reverse order. It may have been opened in a hook or in a test. */
export const afterFile = (close: () => unknown): void => {
  closers.push(close)
}
