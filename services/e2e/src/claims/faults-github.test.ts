import { limits } from '@forkproof/contracts/limits'
import type { Bus } from '@forkproof/infra/bus'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { claim, forkRun, showAsArtifact } from '../testing/claims.ts'
import {
  expectOneToken,
  openClaim,
  setRepositoryDials,
  stateOf,
  untilInHand,
  untilState,
} from '../testing/open-claims.ts'
import { openBus } from '../testing/parts-harness.ts'
import { openSystem, type TestSystem } from '../testing/system-harness.ts'
import { until } from '../testing/until.ts'

let world: TestSystem
let bus: Bus
beforeAll(async () => {
  world = await openSystem()
  bus = await openBus(world.system, 'signer')
})

/** A claim of a repository whose dials were turned before the claim. */
async function openBehind(dials: Record<string, unknown>) {
  const of = await forkRun(world.github)
  await setRepositoryDials(world, of, dials)
  const answer = await claim(world.issuer, of, { channels: ['artifact'] })
  return { of, answer, show: () => showAsArtifact(world.github, world.issuer, of.run, answer) }
}

const Report = z.object({
  credentials: z.array(z.object({ credential: z.string(), counted: z.number(), rejected: z.number() })),
})
/** REST requests of one credential since the counters were reset. */
async function requestsOf(credential: string) {
  const report = Report.parse(await world.github.send('GET', '/_sim/requests'))
  const found = report.credentials.find(one => one.credential === credential)
  return { counted: found?.counted ?? 0, rejected: found?.rejected ?? 0 }
}
const credentials = ['verifier-1', 'verifier-2'] as const
const requestsOfEach = () => Promise.all(credentials.map(requestsOf))

describe.concurrent('GitHub at its worst, survived within the claim’s time:', () => {
  it.each([
    ['2 s a request', { latencyMs: 2_000 }],
    ['500 to 60 % of the requests', { errorRate: { status: 500, rate: 0.6, seed: 3 } }],
    ['JSON that does not parse in 40 % of the answers', { malformedJsonRate: 0.4 }],
    ['40 % of the answers cut off', { truncateRate: 0.4 }],
    ['all of it', { latencyMs: 300, errorRate: { status: 502, rate: 0.3, seed: 5 }, malformedJsonRate: 0.2 }],
  ])('%s', async (_what, dials) => {
    const open = await openBehind(dials)
    await open.show()
    await expectOneToken(world, bus, open)
  })

  it('no answer at all for a while, which holds up no other repository', async () => {
    const startedAt = performance.now()
    const open = await openBehind({ hang: true })
    await untilInHand(world, open, 'watchForProof')
    const other = await openClaim(world)
    await other.show()
    await expectOneToken(world, bus, other)
    expect(await stateOf(world, open)).toMatchObject({ state: 'pending' })
    await setRepositoryDials(world, open.of, {})
    await open.show()
    await expectOneToken(world, bus, open)
    // The proof that a request did hang: it was given up by its own timeout.
    expect(performance.now() - startedAt).toBeGreaterThan(limits.githubRequestTimeoutMs)
  })

  it('every nudge lost, because the code is found by looking now and then', async () => {
    const open = await openClaim(world)
    await world.github.send('POST', `/_sim/runs/${open.of.run.id}/artifacts`, { name: open.answer.challengeCode })
    await untilState(world, open, 'proven')
    await expectOneToken(world, bus, open)
  })
})

describe('GitHub’s limits are obeyed:', () => {
  it('a secondary limit silences each credential for the time it names, then the claim goes on', async () => {
    await world.github.resetRequestCounts()
    const open = await openBehind({ secondaryLimit: true, secondaryRetryAfterSeconds: 2 })
    const bothRefused = async () => (await requestsOfEach()).every(({ rejected }) => rejected === 1)
    await until('each credential was refused once', bothRefused, { msMax: 10_000, everyMs: 20 })
    const refusedAt = performance.now()
    await setRepositoryDials(world, open.of, {})
    await open.show()
    await expectOneToken(world, bus, open)
    expect(performance.now() - refusedAt).toBeGreaterThan(1_500)
    expect(await requestsOfEach()).toMatchObject([{ rejected: 1 }, { rejected: 1 }])
  })

  it('a credential without requests left is not used again; the other one serves', async () => {
    const [token] = world.system.keys.githubTokens
    await world.github.send('DELETE', '/_sim/credentials/verifier-1')
    await world.github.send('POST', '/_sim/credentials', { name: 'verifier-1', token, limitPerHour: 0 })
    await world.github.resetRequestCounts()
    // Each run has a favourite among the credentials; of eight runs some favour the empty one.
    for (const open of await Promise.all(Array.from({ length: 8 }, () => openClaim(world)))) {
      await open.show()
      await expectOneToken(world, bus, open)
    }
    const [empty, full] = await requestsOfEach()
    expect(empty?.counted).toBe(0)
    expect(empty?.rejected).toBeGreaterThan(0)
    expect(empty?.rejected).toBeLessThanOrEqual(8)
    expect(full).toMatchObject({ rejected: 0 })
    const rejectedBefore = empty?.rejected
    const later = await openClaim(world)
    await later.show()
    await expectOneToken(world, bus, later)
    expect((await requestsOf('verifier-1')).rejected).toBe(rejectedBefore)
  })
})
