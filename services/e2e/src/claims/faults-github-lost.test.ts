import { beforeAll, describe, expect, it } from 'vitest'
import { countEvents, setRepositoryBehaviour, stateOf, type TestClaim, untilDecided } from '../testing/claim-harness.ts'
import { createForkRun, postClaim, problemCode, showAsArtifact } from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

const claimLifetimeMs = 9_000
/** From the end of a claim to its verdict. */
const verdictMsMax = 6_000

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness({
    extra: { gateway: { FORKPROOF_GATEWAY_CLAIM_LIFETIME_MS: String(claimLifetimeMs) } },
  })
})

/** A claim whose code is shown, while GitHub behaves as given. */
async function shownBehind(behaviour: Record<string, unknown>): Promise<TestClaim> {
  const of = await createForkRun(harness.github)
  await setRepositoryBehaviour(harness, of, behaviour)
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
  const show = () => showAsArtifact(harness.github, harness.issuer, of.run, answer)
  await show()
  return { of, answer, show }
}

async function refusalOf(open: TestClaim) {
  const answer = await untilDecided(open.answer.exchangeURL)
  return { status: answer.status, code: problemCode(answer), state: await stateOf(harness, open) }
}

it('without a fault a claim of this lifetime is proven', async () => {
  const open = await shownBehind({})
  expect(await untilDecided(open.answer.exchangeURL)).toMatchObject({ status: 200 })
})

it('a 403 that is no limit is final: the claim ends at once, and says that nobody may read the repository', async () => {
  const open = await shownBehind({ errorRate: { status: 403, rate: 1, seed: 1 } })
  expect(await refusalOf(open)).toMatchObject({
    status: 403,
    code: 'repository_unreadable',
    state: { state: 'refused', reason: 'repository_unreadable' },
  })
})

describe.concurrent('GitHub unreadable until the claim’s end', () => {
  it.each([
    ['500 to everything', { errorRate: { status: 500, rate: 1, seed: 1 } }],
    ['JSON that never parses', { malformedJsonRate: 1 }],
    ['every answer cut off', { truncateRate: 1 }],
    ['no answer at all', { hang: true }],
  ])('refuses it as github_unavailable in time: %s', async (_what, behaviour) => {
    const startedAt = performance.now()
    const open = await shownBehind(behaviour)
    expect(await refusalOf(open)).toMatchObject({
      status: 424,
      code: 'github_unavailable',
      state: { state: 'refused', reason: 'github_unavailable' },
    })
    expect(performance.now() - startedAt).toBeLessThan(claimLifetimeMs + verdictMsMax)
  })

  it('refuses it as run_not_found when GitHub knows nothing of the run', async () => {
    const open = await shownBehind({ errorRate: { status: 404, rate: 1, seed: 1 } })
    expect(await refusalOf(open)).toMatchObject({ status: 404, code: 'run_not_found' })
  })

  it('refuses it as code_not_seen when GitHub is fine and the code is not there', async () => {
    const of = await createForkRun(harness.github)
    const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
    const open = { of, answer, show: async () => undefined }
    expect(await refusalOf(open)).toMatchObject({ status: 403, code: 'code_not_seen' })
  })
})

describe('every credential without requests left', () => {
  it('refuses the claim as soon as that is known, not only at its end', async () => {
    for (const [index, token] of harness.system.keys.githubTokens.entries()) {
      const name = `verifier-${index + 1}`
      await harness.github.send('DELETE', `/_sim/credentials/${name}`)
      await harness.github.send('POST', '/_sim/credentials', { name, token, limitPerHour: 0 })
    }
    const startedAt = performance.now()
    const open = await shownBehind({})
    expect(await refusalOf(open)).toMatchObject({ status: 424, code: 'github_unavailable' })
    expect(performance.now() - startedAt).toBeLessThan(claimLifetimeMs)
  })

  it('counts each claim of this file as one event', async () => {
    expect(await countEvents(harness.system)).toEqual({
      'forkproof.claim.proven.v1': 1,
      'forkproof.claim.refused.v1': 8,
    })
  })
})
