import { silentLogger } from '@forkproof/infra/log'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { ApplicationFailure, asyncLocalStorage, CancelledFailure, type Context } from '@temporalio/activity'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { refuse } from '../core/run-decision.ts'
import type { WatchReport } from '../observer/observer-registry.ts'
import { aClaimSpec, fakeNowMs, verifierIssuer } from '../testing/fake-github-answers.ts'
import { createGithubActivities } from './github-activities.ts'

const spec = await aClaimSpec()

/** Runs the activity in a context of the test's making; the watch lasts until its signal aborts or the test ends it. */
function started() {
  const shutdown = new AbortController()
  const cancel = new AbortController()
  const heartbeat = vi.fn()
  const watching = Promise.withResolvers<WatchReport>()
  watching.promise.catch(() => undefined)
  const activities = createGithubActivities(
    {
      issuer: verifierIssuer,
      clock: new FakeClock(fakeNowMs),
      log: silentLogger,
      watch: (_, signal) => {
        if (signal.aborted) return Promise.reject(signal.reason)
        signal.addEventListener('abort', () => watching.reject(signal.reason))
        return watching.promise
      },
      sign: () => Promise.reject(new Error('not in this test')),
      signalProof: () => Promise.reject(new Error('not in this test')),
    },
    shutdown.signal,
  )
  const context = { heartbeat, cancellationSignal: cancel.signal } as unknown as Context
  const outcome = asyncLocalStorage.run(context, () => activities.watchForProof(spec))
  outcome.catch(() => undefined)
  return { outcome, shutdown, cancel, heartbeat, watching }
}

describe('the activity', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('heartbeats every two seconds, and no more once it is over', async () => {
    const { outcome, heartbeat, watching } = started()
    vi.advanceTimersByTime(6_100)
    expect(heartbeat).toHaveBeenCalledTimes(3)
    watching.resolve({ result: refuse('not_a_fork'), counted: 1, shownAtMs: undefined })
    expect(await outcome).toEqual({ outcome: 'refused', reason: 'not_a_fork' })
    vi.advanceTimersByTime(10_000)
    expect(heartbeat).toHaveBeenCalledTimes(3)
  })
  test('ends with Temporal’s own error when it is cancelled', async () => {
    const { outcome, cancel } = started()
    const reason = new CancelledFailure('CANCELLED')
    cancel.abort(reason)
    await expect(outcome).rejects.toBe(reason)
  })
  test('is to be tried again elsewhere when this process stops', async () => {
    const { outcome, shutdown } = started()
    shutdown.abort(new Error('stopping'))
    await expect(outcome).rejects.toMatchObject({ nonRetryable: false, type: 'shutdown' })
    await expect(outcome).rejects.toBeInstanceOf(ApplicationFailure)
  })
  test('says nothing of an unexpected error’s text, which lands in the history', async () => {
    const { outcome, watching } = started()
    watching.reject(new Error('something secret'))
    await expect(outcome).rejects.toMatchObject({ message: 'watching failed', cause: undefined })
  })
})
