import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { createForkRun, exchangeClaim, postClaim, problemCode, showAsArtifact } from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

const dependabot = 'dependabot[bot]'

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness()
})

/** A run of a pull request from a branch of the repository itself. */
async function ownRun(change: { author: string; run?: Record<string, unknown> }) {
  const { github } = harness
  const of = await createForkRun(github)
  const pull = (await github.send('POST', `/_sim/repositories/${of.repository}/pulls`, {
    headRepository: of.repository,
    headBranch: 'dependabot/npm_and_yarn/left-pad-2.0.0',
    author: change.author,
  })) as { number: number }
  const jobs = [{ name: 'build', status: 'in_progress', steps: [{ name: 'Claim', status: 'in_progress' }] }]
  const body = { pullRequest: pull.number, event: 'pull_request', status: 'in_progress', jobs, ...change.run }
  return { ...of, pullRequest: pull.number, run: await github.createRun(of.repository, body) }
}

async function claim(of: Awaited<ReturnType<typeof ownRun>>) {
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
  await showAsArtifact(harness.github, harness.issuer, of.run, answer)
  return exchangeClaim(answer.exchangeURL)
}

describe('a run of Dependabot’s pull request', () => {
  it.each([
    ['of its own', {}],
    ['that a maintainer ran again', { triggeringActor: 'maintainer' }],
  ])('%s gets a token of the unprivileged class', async (_, run) => {
    const of = await ownRun({ author: dependabot, run: { actor: dependabot, ...run } })
    const { status, text } = await claim(of)
    expect(status, text).toBe(200)
    const claims = decodeJwt(text)
    expect(claims).toMatchObject({ pr_author_id: '49699333', actor_id: '49699333' })
    expect(claims['head_repository_id']).toBe(claims['repository_id'])
    expect(claims.sub).toBe(`repo_id:${claims['repository_id']}:fork_pull_request`)
  })

  it.each([
    ['that a person pushed to', { author: dependabot, run: { actor: 'maintainer' } }],
    [
      'that only Dependabot ran again',
      { author: 'maintainer', run: { actor: 'maintainer', triggeringActor: dependabot } },
    ],
    ['whose pull request a person opened', { author: 'maintainer', run: { actor: dependabot } }],
  ])('%s is refused: GitHub gives it a token itself', async (_, change) => {
    const refused = await claim(await ownRun(change))
    expect({ status: refused.status, code: problemCode(refused) }).toEqual({ status: 403, code: 'not_a_fork' })
  })
})
