import { buckets } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'
import { beforeAll, describe, expect, it } from 'vitest'
import { countEvents, expectOneToken, issuedTokens, startTestClaim, untilInHand } from '../testing/claim-harness.ts'
import { openBus } from '../testing/partial-system-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { waitUntil } from '../testing/wait-until.ts'

let harness: SystemHarness
let bus: Bus
const proven: string[] = []
beforeAll(async () => {
  harness = await openSystemHarness()
  bus = await openBus(harness.system, 'signer')
})

type Suspended = 'signer' | 'nats' | 'temporal'
const suspend = (name: Suspended) => process.kill(harness.system.part(name).pid, 'SIGSTOP')
const resume = (name: Suspended) => process.kill(harness.system.part(name).pid, 'SIGCONT')

describe('a signer killed with a mint in its hands issues one token all the same', () => {
  it('before it did anything', async () => {
    const open = await startTestClaim(harness)
    await untilInHand(harness, open, 'watchForProof')
    suspend('signer')
    await open.show()
    await untilInHand(harness, open, 'mintToken')
    await harness.system.killPart('signer')
    await harness.system.startPart('signer')
    proven.push(await expectOneToken(harness, bus, open))
  })

  it('while it waits for the bus', async () => {
    const minted = await bus.bucket(buckets.minted)
    const open = await startTestClaim(harness)
    await untilInHand(harness, open, 'watchForProof')
    suspend('nats')
    await open.show()
    await untilInHand(harness, open, 'mintToken')
    await harness.system.killPart('signer')
    resume('nats')
    await harness.system.startPart('signer')
    const tokenId = await expectOneToken(harness, bus, open)
    expect(JSON.parse((await minted.get(open.answer.claimId))?.value ?? '')).toMatchObject({ tokenId })
    proven.push(tokenId)
  })

  it('after it minted, before it could say so', async () => {
    const open = await startTestClaim(harness)
    await untilInHand(harness, open, 'watchForProof')
    suspend('nats')
    await open.show()
    await untilInHand(harness, open, 'mintToken')
    suspend('temporal')
    resume('nats')
    const issued = async () => (await issuedTokens(bus)).has(open.answer.claimId)
    await waitUntil('the token is in the issuance log', issued, { msMax: 10_000 })
    await harness.system.killPart('signer')
    resume('temporal')
    await harness.system.startPart('signer')
    proven.push(await expectOneToken(harness, bus, open))
  })

  it('and each claim of this file has left one event', async () => {
    expect(new Set(proven).size).toBe(3)
    expect(await countEvents(harness.system)).toEqual({ 'forkproof.claim.proven.v1': 3 })
  })
})
