import type { Bus } from '@forkproof/infra/bus'
import { beforeAll, describe, expect, it } from 'vitest'
import { countEvents, expectOneToken, openClaim, stateOf, untilSeen, untilState } from './testing/open-claims.ts'
import { openConstellation, type TestConstellation } from './testing/open-constellation.ts'
import { openBus } from './testing/open-parts.ts'

let world: TestConstellation
let bus: Bus
const proven: string[] = []
beforeAll(async () => {
  world = await openConstellation()
  bus = await openBus(world.constellation, 'signer')
})

describe('SIGKILL between proof and token ends in one token: of the', () => {
  it.each(['verifier', 'orchestrator', 'gateway'] as const)('%s, while no signer is there', async victim => {
    await world.constellation.killPart('signer')
    const open = await openClaim(world)
    await open.show()
    await untilSeen(world, open)
    await world.constellation.killPart(victim)
    await world.constellation.startPart(victim)
    expect(await stateOf(world, open)).toMatchObject({ state: 'pending' })
    await world.constellation.startPart('signer')
    proven.push(await expectOneToken(world, bus, open))
  })

  it('gateway between mint and answer, which it can give again at any time', async () => {
    const open = await openClaim(world)
    await open.show()
    await untilState(world, open, 'proven')
    await world.constellation.killPart('gateway')
    await world.constellation.startPart('gateway')
    const tokenId = await expectOneToken(world, bus, open)
    expect(await expectOneToken(world, bus, open)).toBe(tokenId)
    proven.push(tokenId)
  })

  it('none of them: each claim of this file has left one event', async () => {
    expect(new Set(proven).size).toBe(4)
    expect(await countEvents(world.constellation)).toEqual({ 'forkproof.claim.proven.v1': 4 })
  })
})
