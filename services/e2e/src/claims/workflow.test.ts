import { fileURLToPath } from 'node:url'
import type { ClaimSpec, ClaimVerdict, MintRequest } from '@forkproof/contracts/claim-spec'
import type { ForkproofEvent } from '@forkproof/contracts/events'
import {
  claimTaskQueue,
  claimWorkflow,
  claimWorkflowId,
  type ProofSeen,
  proofSeenSignal,
} from '@forkproof/workflows/claims/api'
import type { GithubActivities, SigningActivities } from '@forkproof/workflows/claims/ports'
import { sampleClaim, sampleProof } from '@forkproof/workflows/claims/testing/sample-claim'
import { githubTaskQueue, signingTaskQueue } from '@forkproof/workflows/task-queues'
import { beforeAll, describe, expect, it } from 'vitest'
import { openTemporalHarness, type TemporalHarness } from '../testing/temporal-harness.ts'

let temporal: TemporalHarness
const events: ForkproofEvent[] = []
const minted: MintRequest[] = []
/** What the fake activities do, per claim; a claim without an entry is proven and minted at once. */
const watching = new Map<string, GithubActivities['watchForProof']>()
const minting = new Map<string, SigningActivities['mintToken']>()
const publishing = new Map<string, () => Promise<void>>()

const signal = (spec: ClaimSpec, proof: ProofSeen = sampleProof) =>
  temporal.client.workflow.getHandle(claimWorkflowId(spec.claimId)).signal(proofSeenSignal, proof)

const execute = (spec: ClaimSpec): Promise<ClaimVerdict> =>
  temporal.client.workflow.execute(claimWorkflow, {
    taskQueue: claimTaskQueue,
    workflowId: claimWorkflowId(spec.claimId),
    args: [spec],
  })

beforeAll(async () => {
  temporal = await openTemporalHarness()
  const publishEvent = async (event: ForkproofEvent) => {
    await publishing.get(event.subject)?.()
    events.push(event)
  }
  const watchForProof: GithubActivities['watchForProof'] = async spec => {
    const scripted = watching.get(spec.claimId)
    if (scripted) return scripted(spec)
    await signal(spec)
    return { outcome: 'proven' }
  }
  const mintToken: SigningActivities['mintToken'] = async request => {
    minted.push(request)
    const scripted = minting.get(request.order.claimId)
    return scripted ? scripted(request) : { outcome: 'minted', tokenId: 'token-1', sealedToken: 'sealed' }
  }
  const workflowsPath = fileURLToPath(import.meta.resolve('@forkproof/workflows/bundle'))
  await temporal.work({ taskQueue: claimTaskQueue, workflowsPath, activities: { publishEvent } })
  await temporal.work({ taskQueue: githubTaskQueue, activities: { watchForProof } })
  await temporal.work({ taskQueue: signingTaskQueue, activities: { mintToken } })
})

const eventsOf = (spec: ClaimSpec) => events.filter(event => event.subject === spec.claimId)
const mintsOf = (spec: ClaimSpec) => minted.filter(request => request.order.claimId === spec.claimId)

describe.concurrent('the claim workflow', () => {
  it('mints once the proof is signalled, publishes and returns the sealed token', async () => {
    const spec = sampleClaim('proven')
    expect(await execute(spec)).toEqual({
      verdict: 'proven',
      tokenId: 'token-1',
      channel: 'artifact',
      sealedToken: 'sealed',
      ownKey: true,
    })
    expect(eventsOf(spec)).toMatchObject([
      { type: 'forkproof.claim.proven.v1', data: { repositoryId: '74', pullRequest: '12', tokenId: 'token-1' } },
    ])
    expect(mintsOf(spec)).toMatchObject([{ attestation: sampleProof.attestation, order: { audience: spec.audience } }])
  })

  it('does not wait for the verifier’s activity before it asks for the token', async () => {
    const spec = sampleClaim('early')
    const { promise: askedForToken, resolve } = Promise.withResolvers<void>()
    minting.set(spec.claimId, async () => {
      resolve()
      return { outcome: 'minted', tokenId: 'token-2', sealedToken: 'sealed' }
    })
    watching.set(spec.claimId, async () => {
      await signal(spec)
      await askedForToken
      return { outcome: 'proven' }
    })
    expect(await execute(spec)).toMatchObject({ verdict: 'proven', tokenId: 'token-2' })
  })

  it('ends refused with the verifier’s reason, without minting', async () => {
    const spec = sampleClaim('refused')
    watching.set(spec.claimId, async () => ({ outcome: 'refused', reason: 'not_a_fork', detail: 'head is base' }))
    expect(await execute(spec)).toEqual({ verdict: 'refused', reason: 'not_a_fork', detail: 'head is base' })
    expect(mintsOf(spec)).toEqual([])
    expect(eventsOf(spec)).toMatchObject([{ type: 'forkproof.claim.refused.v1', data: { reason: 'not_a_fork' } }])
  })

  it('does not take a verifier’s word without the signed proof', async () => {
    const spec = sampleClaim('word-only')
    watching.set(spec.claimId, async () => ({ outcome: 'proven' }))
    expect(await execute(spec)).toEqual({ verdict: 'refused', reason: 'claim_expired' })
    expect(mintsOf(spec)).toEqual([])
  })

  it('ends refused with the signer’s reason', async () => {
    const spec = sampleClaim('forged')
    minting.set(spec.claimId, async () => ({ outcome: 'refused', reason: 'attestation_invalid' }))
    expect(await execute(spec)).toEqual({ verdict: 'refused', reason: 'attestation_invalid' })
  })

  it('counts only the first proof', async () => {
    const spec = sampleClaim('twice')
    watching.set(spec.claimId, async () => {
      await signal(spec)
      await signal(spec, { ...sampleProof, attestation: 'second' })
      return { outcome: 'proven' }
    })
    await execute(spec)
    expect(mintsOf(spec).map(request => request.attestation)).toEqual([sampleProof.attestation])
  })

  it('tries the signer again after a fault', async () => {
    const spec = sampleClaim('signer-fault')
    let calls = 0
    minting.set(spec.claimId, async () => {
      if (++calls === 1) throw new Error('signer restarted')
      return { outcome: 'minted', tokenId: 'token-3', sealedToken: 'sealed' }
    })
    expect(await execute(spec)).toMatchObject({ verdict: 'proven', tokenId: 'token-3' })
    expect(calls).toBe(2)
  })

  it('gives the watch to another verifier when one goes silent', async () => {
    const spec = sampleClaim('silent')
    let calls = 0
    watching.set(spec.claimId, async () => {
      if (++calls === 1) return new Promise(() => {})
      await signal(spec)
      return { outcome: 'proven' }
    })
    expect(await execute(spec)).toMatchObject({ verdict: 'proven' })
    expect(calls).toBe(2)
  })

  it('ends by itself when no verifier finishes in the claim’s time', async () => {
    const spec = { ...sampleClaim('late'), expiresAtMs: Date.now() - 9_000 }
    watching.set(spec.claimId, async () => {
      throw new Error('GitHub is on fire')
    })
    expect(await execute(spec)).toMatchObject({ verdict: 'refused', reason: 'claim_expired' })
  })

  it('publishes again after a fault of the bus', async () => {
    const spec = sampleClaim('bus-fault')
    let calls = 0
    publishing.set(spec.claimId, async () => {
      if (++calls < 3) throw new Error('bus away')
    })
    expect(await execute(spec)).toMatchObject({ verdict: 'proven' })
    expect(eventsOf(spec)).toHaveLength(1)
  })

  it('can be found by repository, run, state and reason', async ({ expect }) => {
    const spec = sampleClaim('searched')
    watching.set(spec.claimId, async () => ({ outcome: 'refused', reason: 'code_not_seen' }))
    await execute(spec)
    const query = `ForkproofState = 'refused' AND ForkproofReason = 'code_not_seen'`
    const find = async () => (await temporal.client.workflow.count(query)).count
    await expect.poll(find, { timeout: 10_000 }).toBe(1)
  })
})
