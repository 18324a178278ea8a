import type { Bus } from '@forkproof/infra/bus'
import { beforeAll, describe, expect, it } from 'vitest'
import { countEvents, expectOneToken, openClaim, stateOf, untilSeen, untilState } from '../testing/open-claims.ts'
import { openBus } from '../testing/parts-harness.ts'
import { openSystem, type TestSystem } from '../testing/system-harness.ts'

let world: TestSystem
let bus: Bus
const proven: string[] = []
beforeAll(async () => {
  world = await openSystem()
  bus = await openBus(world.system, 'signer')
})

describe('SIGKILL between proof and token ends in one token: of the', () => {
  it.each(['verifier', 'orchestrator', 'gateway'] as const)('%s, while no signer is there', async victim => {
    await world.system.killPart('signer')
    const open = await openClaim(world)
    await open.show()
    await untilSeen(world, open)
    await world.system.killPart(victim)
    await world.system.startPart(victim)
    expect(await stateOf(world, open)).toMatchObject({ state: 'pending' })
    await world.system.startPart('signer')
    proven.push(await expectOneToken(world, bus, open))
  })

  it('gateway between mint and answer, which it can give again at any time', async () => {
    const open = await openClaim(world)
    await open.show()
    await untilState(world, open, 'proven')
    await world.system.killPart('gateway')
    await world.system.startPart('gateway')
    const tokenId = await expectOneToken(world, bus, open)
    expect(await expectOneToken(world, bus, open)).toBe(tokenId)
    proven.push(tokenId)
  })

  it('none of them: each claim of this file has left one event', async () => {
    expect(new Set(proven).size).toBe(4)
    expect(await countEvents(world.system)).toEqual({ 'forkproof.claim.proven.v1': 4 })
  })
})
