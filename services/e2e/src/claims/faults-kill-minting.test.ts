import type { Bus } from '@forkproof/infra/bus'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  countEvents,
  expectOneToken,
  startTestClaim,
  stateOf,
  untilSeen,
  untilState,
} from '../testing/claim-harness.ts'
import { openBus } from '../testing/partial-system-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
let bus: Bus
const proven: string[] = []
beforeAll(async () => {
  harness = await openSystemHarness()
  bus = await openBus(harness.system, 'signer')
})

describe('SIGKILL between proof and token ends in one token: of the', () => {
  it.each(['verifier', 'orchestrator', 'gateway'] as const)('%s, while no signer is there', async victim => {
    await harness.system.killPart('signer')
    const open = await startTestClaim(harness)
    await open.show()
    await untilSeen(harness, open)
    await harness.system.killPart(victim)
    await harness.system.startPart(victim)
    expect(await stateOf(harness, open)).toMatchObject({ state: 'pending' })
    await harness.system.startPart('signer')
    proven.push(await expectOneToken(harness, bus, open))
  })

  it('gateway between mint and answer, which it can give again at any time', async () => {
    const open = await startTestClaim(harness)
    await open.show()
    await untilState(harness, open, 'proven')
    await harness.system.killPart('gateway')
    await harness.system.startPart('gateway')
    const tokenId = await expectOneToken(harness, bus, open)
    expect(await expectOneToken(harness, bus, open)).toBe(tokenId)
    proven.push(tokenId)
  })

  it('none of them: each claim of this file has left one event', async () => {
    expect(new Set(proven).size).toBe(4)
    expect(await countEvents(harness.system)).toEqual({ 'forkproof.claim.proven.v1': 4 })
  })
})
