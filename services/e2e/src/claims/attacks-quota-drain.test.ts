import { beforeAll, describe, expect, it } from 'vitest'
import {
  createProject,
  forkRunWithToken,
  getAccessToken,
  postBuild,
  trustedRun,
  trustedToken,
} from '../testing/build-requests.ts'
import { createForkRun, exchangeClaim, postClaim, postJson, showAsArtifact } from '../testing/claim-requests.ts'
import { openFakeNode } from '../testing/fake-node.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

/*
 * Anybody can claim for any run, and each claim has GitHub asked. One host that claims for runs that do not exist, as
 * fast as it is let, must not use up the requests that others need.
 */

/** Of each credential: little enough that one host could use them up within seconds. */
const requestsPerHour = 200
const attackMs = 20_000
const claimsAtOnce = 8

let harness: SystemHarness
let node: Awaited<ReturnType<typeof openFakeNode>>
beforeAll(async () => {
  harness = await openSystemHarness({ extra: { gateway: { FORKPROOF_GATEWAY_CLAIMS_PER_ADDRESS_MINUTE: '100000' } } })
  node = await openFakeNode(harness.system)
  // Whether a build may start is decided before a builder is ready.
  node.answer = async () => {}
})

/** Claims for runs that nobody has. @returns the last refusal, if any */
async function claimUnknownRuns(repositoryOf: (index: number) => string): Promise<Record<string, string> | undefined> {
  const endAt = performance.now() + attackMs
  let index = 0
  let refusal: Record<string, string> | undefined
  const host = async () => {
    while (performance.now() < endAt) {
      index += 1
      const body = { eventName: 'pull_request', repo: repositoryOf(index), runID: String(1_000_000 + index) }
      const answer = await postJson(`${harness.issuer}/claim`, { ...body, channels: ['artifact'] })
      if (answer.status === 200) continue
      refusal = { code: JSON.parse(answer.text).code, retryAfter: answer.headers.get('retry-after') ?? '' }
    }
  }
  await Promise.all(Array.from({ length: claimsAtOnce }, host))
  return refusal
}

describe('one host that claims for unknown runs at full speed', () => {
  it('keeps neither a repository with a relationship nor a trusted build from being served', async () => {
    const known = await forkRunWithToken(harness)
    const projectId = await createProject(harness, [
      { repository: known.repository, eventClass: 'fork_pull_request' },
      { repository: known.repository, eventClass: 'trusted', refs: ['refs/heads/main'] },
    ])
    const run = await trustedRun(harness, known.repository)
    const access = await getAccessToken(harness, await trustedToken(harness, run), projectId)
    const stranger = await createForkRun(harness.github)
    await harness.github.setBehaviour({ primaryLimit: requestsPerHour })
    await harness.github.resetRequestCounts()

    const refusal = await claimUnknownRuns(index =>
      index % 2 === 0 ? stranger.repository : `octo-org/missing-${index}`,
    )
    expect(refusal).toEqual({ code: 'github_budget_low', retryAfter: expect.stringMatching(/^[1-9]\d*$/) })
    const limit = requestsPerHour * harness.system.keys.githubTokens.length
    const { counted, rejected } = (await harness.github.requestCounts()).rest
    expect(rejected, 'no limit of GitHub’s was met').toBe(0)
    expect(counted, 'most of the hour is left').toBeLessThan(limit / 2)

    const answer = await postClaim(harness.issuer, known, { channels: ['artifact'], aud: harness.issuer })
    await showAsArtifact(harness.github, harness.issuer, known.run, answer)
    expect(await exchangeClaim(answer.exchangeURL), 'a claim of the project’s repository').toMatchObject({
      status: 200,
    })
    await node.announce()
    expect((await postBuild(harness, access)).state, 'a trusted build').toMatchObject({ phase: 'active' })
  })
})
