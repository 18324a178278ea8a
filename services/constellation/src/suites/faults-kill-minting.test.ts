import { buckets } from '@forkproof/contracts/events'
import type { Bus } from '@forkproof/infra/bus'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  countEvents,
  expectOneToken,
  openClaim,
  stateOf,
  untilInHand,
  untilSeen,
  untilState,
} from './testing/open-claims.ts'
import { openConstellation, type TestConstellation } from './testing/open-constellation.ts'
import { openBus } from './testing/open-parts.ts'

let world: TestConstellation
let bus: Bus
const proven: string[] = []
beforeAll(async () => {
  world = await openConstellation()
  bus = await openBus(world.constellation, 'signer')
})

const suspend = (name: 'signer' | 'nats') => process.kill(world.constellation.part(name).pid, 'SIGSTOP')
const resume = (name: 'signer' | 'nats') => process.kill(world.constellation.part(name).pid, 'SIGCONT')

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

  it('signer with the mint in its hands', async () => {
    const open = await openClaim(world)
    await untilInHand(world, open, 'watchForProof')
    suspend('signer')
    await open.show()
    await untilInHand(world, open, 'mintToken')
    await world.constellation.killPart('signer')
    await world.constellation.startPart('signer')
    proven.push(await expectOneToken(world, bus, open))
  })

  it('signer whose last word to the bus arrives after its death', async () => {
    const minted = await bus.bucket(buckets.minted)
    const open = await openClaim(world)
    await untilInHand(world, open, 'watchForProof')
    suspend('nats')
    await open.show()
    await untilInHand(world, open, 'mintToken')
    await world.constellation.killPart('signer')
    resume('nats')
    await world.constellation.startPart('signer')
    const tokenId = await expectOneToken(world, bus, open)
    expect(JSON.parse((await minted.get(open.answer.claimId))?.value ?? '')).toMatchObject({ tokenId })
    proven.push(tokenId)
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
    expect(new Set(proven).size).toBe(6)
    expect(await countEvents(world.constellation)).toEqual({ 'forkproof.claim.proven.v1': 6 })
  })
})
