import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import { ClaimId } from '@forkproof/contracts/ids'
import {
  type Client,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import { temporalClaims } from './temporal-claims.ts'

const claimId = ClaimId.parse('A'.repeat(43))
const order = { claimId, claimedAtMs: 1_000, expiresAtMs: 121_000, ownKey: true } as ClaimSpec
const down = new ServiceError('down', { cause: new Error('14 UNAVAILABLE') })
const never = () => new AbortController().signal

/** A client whose calls do what the test says; records how the workflow was started. */
function clientThat(does: { start?: () => unknown; describe?: () => unknown; result?: () => unknown }) {
  const starts: unknown[][] = []
  const client = {
    withDeadline: (_deadline: number, work: () => unknown) => work(),
    withAbortSignal: (_signal: AbortSignal, work: () => unknown) => work(),
    workflow: {
      start: async (...given: unknown[]) => {
        starts.push(given)
        return does.start?.()
      },
      getHandle: () => ({ describe: async () => does.describe?.(), result: async () => does.result?.() }),
    },
  }
  return { claims: temporalClaims(client as unknown as Client), starts }
}

const fails = (error: Error) => () => {
  throw error
}

describe('claims as workflows', () => {
  it('starts at most one per id, ended by Temporal two minutes after the claim’s own time', async () => {
    const { claims, starts } = clientThat({})
    expect(await claims.start(order)).toBe('started')
    expect(starts[0]).toMatchObject([
      'claim',
      {
        workflowId: `claim-${claimId}`,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        workflowExecutionTimeout: 240_000,
        memo: { ownKey: true },
      },
    ])
  })

  it('tells a used key from a server that is down', async () => {
    const used = new WorkflowExecutionAlreadyStartedError('used', `claim-${claimId}`, 'claim')
    expect(await clientThat({ start: fails(used) }).claims.start(order)).toBe('key_used')
    const broken = clientThat({ start: fails(down) }).claims.start(order)
    await expect(broken).rejects.toMatchObject({ code: 'temporarily_unavailable', cause: down })
  })

  it.each([
    ['RUNNING', 'running'],
    ['COMPLETED', 'completed'],
    ['FAILED', 'failed'],
    ['TIMED_OUT', 'failed'],
    ['TERMINATED', 'failed'],
    ['CANCELLED', 'failed'],
  ])('reads the status %s as %s', async (name, status) => {
    const found = { status: { name }, startTime: new Date(5), closeTime: new Date(9), memo: {} }
    const record = await clientThat({ describe: () => found }).claims.record(claimId)
    expect(record).toEqual({ status, ownKey: false, startedAtMs: 5, closedAtMs: 9 })
  })

  it('knows no claim that Temporal does not know', async () => {
    const missing = new WorkflowNotFoundError('missing', 'claim', undefined)
    expect(await clientThat({ describe: fails(missing) }).claims.record(claimId)).toBeUndefined()
    const broken = clientThat({ describe: fails(down) }).claims.record(claimId)
    await expect(broken).rejects.toMatchObject({ code: 'temporarily_unavailable' })
  })

  it('takes a workflow that failed for an end without a verdict', async () => {
    const failed = new WorkflowFailedError('failed', undefined, 'TIMEOUT')
    expect(await clientThat({ result: fails(failed) }).claims.verdict(claimId, never())).toBe('failed')
  })

  it('passes verdicts on as they are, and none of another shape', async () => {
    const refused = { verdict: 'refused', reason: 'not_a_fork' }
    expect(await clientThat({ result: () => refused }).claims.verdict(claimId, never())).toEqual(refused)
    for (const wrong of [undefined, null, {}, { verdict: 'proven' }, { verdict: 'refused', reason: 'because' }]) {
      const answer = clientThat({ result: () => wrong }).claims.verdict(claimId, never())
      await expect(answer).rejects.toMatchObject({ code: 'internal_error' })
    }
  })
})
