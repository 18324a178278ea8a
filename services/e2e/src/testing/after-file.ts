import { afterAll } from 'vitest'

const closers: (() => unknown)[] = []

// Registered with the import: vitest runs no afterAll that is registered from within a test or another hook.
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

/** To be closed after the test file, in reverse order, wherever it was opened: in a hook or in a test. */
export const afterFile = (close: () => unknown): void => {
  closers.push(close)
}
