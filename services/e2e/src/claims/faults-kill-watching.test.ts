import type { Bus } from '@forkproof/infra/bus'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  countEvents,
  expectOneToken,
  setRepositoryBehaviour,
  startTestClaim,
  stateOf,
  untilDecided,
  untilInHand,
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

const heldExchanges = async () => {
  const metrics = await (await fetch(`${harness.issuer}/metrics`)).text()
  return Number(/^forkproof_exchanges_held(?:\{.*\})? (\d+)$/m.exec(metrics)?.[1])
}

describe('SIGKILL before the code is seen loses no claim and doubles no token: of the', () => {
  it.each(['verifier', 'signer', 'orchestrator', 'gateway'] as const)('%s', async victim => {
    const [unshown, held, unseen] = await Promise.all([
      startTestClaim(harness),
      startTestClaim(harness),
      startTestClaim(harness),
    ])
    await Promise.all([unshown, held, unseen].map(one => untilInHand(harness, one, 'watchForProof')))
    const asking = untilDecided(held.answer.exchangeURL)
    await expect.poll(heldExchanges, { timeout: 10_000, interval: 50 }).toBe(1)
    // GitHub lists the artifact only after the kill.
    await setRepositoryBehaviour(harness, unseen.of, { artifactListingLagMs: 5_000 })
    await unseen.show()
    expect(await stateOf(harness, unseen)).toMatchObject({ state: 'pending' })

    await harness.system.killPart(victim)
    await harness.system.startPart(victim)

    await Promise.all([unshown.show(), held.show()])
    expect(await asking).toMatchObject({ status: 200 })
    for (const one of [unshown, held, unseen]) proven.push(await expectOneToken(harness, bus, one))
  })

  it('all of them at once', async () => {
    const open = await Promise.all([startTestClaim(harness), startTestClaim(harness)])
    await Promise.all(open.map(one => untilInHand(harness, one, 'watchForProof')))
    const victims = ['verifier', 'signer', 'orchestrator', 'gateway'] as const
    await Promise.all(victims.map(victim => harness.system.killPart(victim)))
    await Promise.all(victims.map(victim => harness.system.startPart(victim)))
    for (const one of open) {
      await one.show()
      proven.push(await expectOneToken(harness, bus, one))
    }
  })

  it('none of them: each claim of this file has left one event', async () => {
    expect(new Set(proven).size).toBe(14)
    expect(await countEvents(harness.system)).toEqual({ 'forkproof.claim.proven.v1': 14 })
  })
})
