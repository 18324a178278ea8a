import { limits } from '@forkproof/contracts/limits'
import type { Bus } from '@forkproof/infra/bus'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  expectOneToken,
  setRepositoryBehaviour,
  startTestClaim,
  stateOf,
  untilInHand,
  untilState,
} from '../testing/claim-harness.ts'
import { createForkRun, postClaim, showAsArtifact } from '../testing/claim-requests.ts'
import { openBus } from '../testing/partial-system-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { waitUntil } from '../testing/wait-until.ts'

let harness: SystemHarness
let bus: Bus
beforeAll(async () => {
  harness = await openSystemHarness()
  bus = await openBus(harness.system, 'signer')
})

/** A claim of a repository for which GitHub behaves as given since before the claim. */
async function openBehind(behaviour: Record<string, unknown>) {
  const of = await createForkRun(harness.github)
  await setRepositoryBehaviour(harness, of, behaviour)
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
  return { of, answer, show: () => showAsArtifact(harness.github, harness.issuer, of.run, answer) }
}

const Report = z.object({
  credentials: z.array(z.object({ credential: z.string(), counted: z.number(), rejected: z.number() })),
})
/** REST requests of one credential since the counters were reset. */
async function requestsOf(credential: string) {
  const report = Report.parse(await harness.github.send('GET', '/_sim/requests'))
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
  ])('%s', async (_what, behaviour) => {
    const open = await openBehind(behaviour)
    await open.show()
    await expectOneToken(harness, bus, open)
  })

  it('no answer at all for a while, which holds up no other repository', async () => {
    const startedAt = performance.now()
    const open = await openBehind({ hang: true })
    await untilInHand(harness, open, 'watchForProof')
    const other = await startTestClaim(harness)
    await other.show()
    await expectOneToken(harness, bus, other)
    expect(await stateOf(harness, open)).toMatchObject({ state: 'pending' })
    await setRepositoryBehaviour(harness, open.of, {})
    await open.show()
    await expectOneToken(harness, bus, open)
    // A request did hang: its own timeout ended it.
    expect(performance.now() - startedAt).toBeGreaterThan(limits.githubRequestTimeoutMs)
  })

  it('every nudge lost, because the code is found by looking now and then', async () => {
    const open = await startTestClaim(harness)
    await harness.github.send('POST', `/_sim/runs/${open.of.run.id}/artifacts`, { name: open.answer.challengeCode })
    await untilState(harness, open, 'proven')
    await expectOneToken(harness, bus, open)
  })
})

describe('GitHub’s limits are obeyed:', () => {
  it('a secondary limit silences each credential for the time it names, then the claim goes on', async () => {
    await harness.github.resetRequestCounts()
    const open = await openBehind({ secondaryLimit: true, secondaryRetryAfterSeconds: 2 })
    const bothRefused = async () => (await requestsOfEach()).every(({ rejected }) => rejected === 1)
    await waitUntil('each credential was refused once', bothRefused, { msMax: 10_000, everyMs: 20 })
    const refusedAt = performance.now()
    await setRepositoryBehaviour(harness, open.of, {})
    await open.show()
    await expectOneToken(harness, bus, open)
    expect(performance.now() - refusedAt).toBeGreaterThan(1_500)
    expect(await requestsOfEach()).toMatchObject([{ rejected: 1 }, { rejected: 1 }])
  })

  it('a credential without requests left is not used again; the other one serves', async () => {
    const [token] = harness.system.keys.githubTokens
    await harness.github.send('DELETE', '/_sim/credentials/verifier-1')
    await harness.github.send('POST', '/_sim/credentials', { name: 'verifier-1', token, limitPerHour: 0 })
    await harness.github.resetRequestCounts()
    // Each run prefers one of the credentials; of eight runs some prefer the empty one.
    for (const open of await Promise.all(Array.from({ length: 8 }, () => startTestClaim(harness)))) {
      await open.show()
      await expectOneToken(harness, bus, open)
    }
    const [empty, full] = await requestsOfEach()
    expect(empty?.counted).toBe(0)
    expect(empty?.rejected).toBeGreaterThan(0)
    expect(empty?.rejected).toBeLessThanOrEqual(8)
    expect(full).toMatchObject({ rejected: 0 })
    const rejectedBefore = empty?.rejected
    const later = await startTestClaim(harness)
    await later.show()
    await expectOneToken(harness, bus, later)
    expect((await requestsOf('verifier-1')).rejected).toBe(rejectedBefore)
  })
})
