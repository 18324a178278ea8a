import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { describe, expect, test } from 'vitest'
import { aClaimSpec } from '../testing/fake-github-answers.ts'
import { pass } from '../testing/fake-time.ts'
import { createProofSignal } from './proof-signal.ts'

const { claimId } = await aClaimSpec()
const proof = { attestation: 'jws', channel: 'artifact' as const, repositoryId: '1' }

/** A Temporal client whose signals end as `answers` say, one after the other; the last repeats. */
function signalling(...answers: (Error | 'fine')[]) {
  const clock = new FakeClock()
  const sent: unknown[][] = []
  const signal = (...given: unknown[]) => {
    const answer = answers[Math.min(sent.length, answers.length - 1)]
    sent.push(given)
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve()
  }
  const client = {
    workflow: { getHandle: (workflowId: string) => ({ workflowId, signal }) },
    withDeadline: (_: number | Date, call: () => Promise<unknown>) => call(),
  } as unknown as Parameters<typeof createProofSignal>[0]
  const telling = createProofSignal(client, clock)
  return { clock, sent, tell: (abort = new AbortController().signal) => telling(claimId, proof, abort) }
}
const notFound = Object.assign(new Error('not found'), { name: 'WorkflowNotFoundError' })

describe('telling the workflow', () => {
  test('sends the proof once when that works', async () => {
    const { sent, tell } = signalling('fine')
    expect(await tell()).toBe('told')
    expect(sent).toEqual([['proofSeen', proof]])
  })
  test('is over when the workflow is', async () => {
    const { sent, tell } = signalling(notFound)
    expect(await tell()).toBe('gone')
    expect(sent).toHaveLength(1)
  })
  test('is tried again when Temporal is away for a moment', async () => {
    const { clock, tell } = signalling(new Error('unavailable'), new Error('unavailable'), 'fine')
    const telling = tell()
    await pass(clock, 500)
    expect(await telling).toBe('told')
  })
  test('is given up in the end', async () => {
    const { clock, sent, tell } = signalling(new Error('unavailable'))
    const telling = tell()
    telling.catch(() => undefined)
    await pass(clock, 10_000)
    await expect(telling).rejects.toThrow('unavailable')
    expect(sent).toHaveLength(8)
  })
  test('stops when the activity is cancelled', async () => {
    const abort = new AbortController()
    const { clock, sent, tell } = signalling(new Error('unavailable'))
    const telling = tell(abort.signal)
    telling.catch(() => undefined)
    await pass(clock, 10)
    abort.abort(new Error('cancelled'))
    await expect(telling).rejects.toThrow('cancelled')
    expect(sent).toHaveLength(1)
  })
})
