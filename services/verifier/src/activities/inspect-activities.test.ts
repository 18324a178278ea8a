import { asyncLocalStorage, CancelledFailure, type Context } from '@temporalio/activity'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { rawRun } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { aQuestion } from '../testing/inspection-harness.ts'
import { createVerifierHarness } from '../testing/verifier-harness.ts'

function started(activity: 'inspectRun' | 'watchRun') {
  const harness = createVerifierHarness()
  const cancel = new AbortController()
  const heartbeat = vi.fn()
  const context = { heartbeat, cancellationSignal: cancel.signal } as unknown as Context
  const begin = () => {
    const outcome = asyncLocalStorage.run(context, () => harness.activities[activity](aQuestion()))
    outcome.catch(() => undefined)
    return outcome
  }
  return { ...harness, cancel, heartbeat, begin }
}

describe('the activities for builds', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('inspectRun answers and heartbeats no more', async () => {
    const { clock, heartbeat, begin } = started('inspectRun')
    const outcome = begin()
    await pass(clock, 10)
    expect(await outcome).toMatchObject({ outcome: 'running' })
    vi.advanceTimersByTime(10_000)
    expect(heartbeat).not.toHaveBeenCalled()
  })
  test('inspectRun logs why it refused', async () => {
    const { clock, github, lines, begin } = started('inspectRun')
    github.run = rawRun({ event: 'push' })
    const outcome = begin()
    await pass(clock, 10)
    expect(await outcome).toMatchObject({ outcome: 'refused', reason: 'event_not_pull_request' })
    expect(lines).toMatchObject([{ repository: 'base-org/project', reason: 'event_not_pull_request' }])
  })
  test('watchRun heartbeats every two seconds while it watches', async () => {
    const { heartbeat, begin, cancel } = started('watchRun')
    const outcome = begin()
    vi.advanceTimersByTime(6_100)
    expect(heartbeat).toHaveBeenCalledTimes(3)
    cancel.abort(new CancelledFailure('CANCELLED'))
    await expect(outcome).rejects.toThrow('CANCELLED')
  })
  test('watchRun ends with Temporal’s own error when it is cancelled, and leaves no reading open', async () => {
    const { cancel, runs, begin } = started('watchRun')
    const outcome = begin()
    const reason = new CancelledFailure('CANCELLED')
    cancel.abort(reason)
    await expect(outcome).rejects.toBe(reason)
    expect(runs.size).toBe(0)
  })
  test('watchRun is to be gone on with elsewhere when this process stops', async () => {
    const { stop, begin } = started('watchRun')
    const outcome = begin()
    stop.abort(new Error('stopping'))
    await expect(outcome).rejects.toMatchObject({ nonRetryable: false, type: 'shutdown' })
  })
  test('an unexpected error says nothing of its text, which lands in the history', async () => {
    const { runs, begin } = started('inspectRun')
    runs.use = () => Promise.reject(new Error('something secret'))
    await expect(begin()).rejects.toMatchObject({ message: 'inspecting a run failed', cause: undefined })
  })
})
