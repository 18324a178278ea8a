import { buckets } from '@forkproof/contracts/events'
import type { Bus } from '@forkproof/infra/bus'
import { beforeAll, describe, expect, it } from 'vitest'
import { countEvents, expectOneToken, issuedTokens, openClaim, untilInHand } from '../testing/open-claims.ts'
import { openBus } from '../testing/parts-harness.ts'
import { openSystem, type TestSystem } from '../testing/system-harness.ts'
import { until } from '../testing/until.ts'

let world: TestSystem
let bus: Bus
const proven: string[] = []
beforeAll(async () => {
  world = await openSystem()
  bus = await openBus(world.system, 'signer')
})

type Suspended = 'signer' | 'nats' | 'temporal'
const suspend = (name: Suspended) => process.kill(world.system.part(name).pid, 'SIGSTOP')
const resume = (name: Suspended) => process.kill(world.system.part(name).pid, 'SIGCONT')

describe('a signer killed with a mint in its hands issues one token all the same', () => {
  it('before it did anything', async () => {
    const open = await openClaim(world)
    await untilInHand(world, open, 'watchForProof')
    suspend('signer')
    await open.show()
    await untilInHand(world, open, 'mintToken')
    await world.system.killPart('signer')
    await world.system.startPart('signer')
    proven.push(await expectOneToken(world, bus, open))
  })

  it('while it waits for the bus', async () => {
    const minted = await bus.bucket(buckets.minted)
    const open = await openClaim(world)
    await untilInHand(world, open, 'watchForProof')
    suspend('nats')
    await open.show()
    await untilInHand(world, open, 'mintToken')
    await world.system.killPart('signer')
    resume('nats')
    await world.system.startPart('signer')
    const tokenId = await expectOneToken(world, bus, open)
    expect(JSON.parse((await minted.get(open.answer.claimId))?.value ?? '')).toMatchObject({ tokenId })
    proven.push(tokenId)
  })

  it('after it minted, before it could say so', async () => {
    const open = await openClaim(world)
    await untilInHand(world, open, 'watchForProof')
    suspend('nats')
    await open.show()
    await untilInHand(world, open, 'mintToken')
    suspend('temporal')
    resume('nats')
    const issued = async () => (await issuedTokens(bus)).has(open.answer.claimId)
    await until('the token is in the issuance log', issued, { msMax: 10_000 })
    await world.system.killPart('signer')
    resume('temporal')
    await world.system.startPart('signer')
    proven.push(await expectOneToken(world, bus, open))
  })

  it('and each claim of this file has left one event', async () => {
    expect(new Set(proven).size).toBe(3)
    expect(await countEvents(world.system)).toEqual({ 'forkproof.claim.proven.v1': 3 })
  })
})
