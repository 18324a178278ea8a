import type { Bus } from '@forkproof/infra/bus'
import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { countEvents, issuedTokens, untilDecided } from '../testing/claim-harness.ts'
import { createForkRun, postClaim, showAsArtifact } from '../testing/claim-requests.ts'
import { openBus } from '../testing/partial-system-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
let bus: Bus
beforeAll(async () => {
  harness = await openSystemHarness({ extra: { gateway: { FORKPROOF_GATEWAY_CLAIMS_PER_ADDRESS_MINUTE: '1000' } } })
  bus = await openBus(harness.system, 'signer')
})

/** Claims at once for each job of several matrix runs, and shows each code as soon as it is there. */
async function claimMatrices(runs: number, jobs: number) {
  const matrices = await Promise.all(Array.from({ length: runs }, () => createForkRun(harness.github, { jobs })))
  const each = matrices.flatMap(of => of.run.jobs.map(job => ({ of, jobId: String(job.id) })))
  return Promise.all(
    each.map(async ({ of, jobId }) => {
      const answer = await postClaim(harness.issuer, of, { jobID: jobId, channels: ['artifact'] })
      await showAsArtifact(harness.github, harness.issuer, of.run, answer)
      return { answer, runId: String(of.run.id), jobId }
    }),
  )
}

async function expectDistinctTokens(claims: Awaited<ReturnType<typeof claimMatrices>>): Promise<void> {
  const tokens = await Promise.all(
    claims.map(async ({ answer, runId }) => {
      const exchanged = await untilDecided(answer.exchangeURL)
      expect(exchanged).toMatchObject({ status: 200 })
      const token = decodeJwt(exchanged.text)
      expect(token).toMatchObject({ run_id: runId, proof_method: 'artifact' })
      return { claimId: answer.claimId, tokenId: String(token.jti) }
    }),
  )
  expect(new Set(tokens.map(({ tokenId }) => tokenId)).size).toBe(claims.length)
  const issued = await issuedTokens(bus)
  for (const { claimId, tokenId } of tokens) expect(issued.get(claimId)).toEqual([tokenId])
}

describe('many claims at once', () => {
  it('of 5 matrix runs with 20 jobs each end proven, every one with a token of its own', async () => {
    await expectDistinctTokens(await claimMatrices(5, 20))
  })

  it('end so too when every service is killed among them', async () => {
    const claiming = claimMatrices(2, 10)
    await harness.system.killPart('signer')
    const claims = await claiming
    const deciding = expectDistinctTokens(claims)
    const victims = ['verifier', 'orchestrator', 'gateway'] as const
    await Promise.all(victims.map(victim => harness.system.killPart(victim)))
    await Promise.all(victims.map(victim => harness.system.startPart(victim)))
    await harness.system.startPart('signer')
    await deciding
  })

  it('leave one event each', async () => {
    expect(await countEvents(harness.system)).toEqual({ 'forkproof.claim.proven.v1': 120 })
  })
})
