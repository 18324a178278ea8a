import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createProject } from '../testing/build-requests.ts'
import { untilDecided } from '../testing/claim-harness.ts'
import { createForkRun, postClaim, postJson, showAsArtifact, type TestForkRun } from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { waitUntil } from '../testing/wait-until.ts'

const knownMsMax = 60_000

const Report = z.object({ credentials: z.array(z.object({ credential: z.string(), counted: z.number() })) })

/** Counted requests by credential, since the counters were reset. */
async function countedBy({ github }: SystemHarness): Promise<Record<string, number>> {
  const { credentials } = Report.parse(await github.send('GET', '/_sim/requests'))
  return Object.fromEntries(credentials.map(({ credential, counted }) => [credential, counted]))
}

async function claimAndShow(harness: SystemHarness, of: TestForkRun) {
  const answer = await postClaim(harness.issuer, of, { channels: ['artifact'] })
  await showAsArtifact(harness.github, harness.issuer, of.run, answer)
  return untilDecided(answer.exchangeURL)
}

describe('policies of an owner', () => {
  let harness: SystemHarness
  beforeAll(async () => {
    harness = await openSystemHarness()
  })
  const runUnder = async (policy: object): Promise<TestForkRun> => {
    const of = await createForkRun(harness.github)
    await harness.github.send('PUT', `/_sim/repositories/${of.repository}/policy`, policy)
    return of
  }

  it('an IP allow list: the run is read without a credential, and its token comes', async () => {
    const exchanged = await claimAndShow(harness, await runUnder({ ipAllowList: true }))
    expect(exchanged).toMatchObject({ status: 200 })
    expect((await countedBy(harness))['anonymous']).toBeGreaterThan(0)
  })

  it('a repository that was taken down: refused at once with the policy, and the next claim asks nobody', async () => {
    const of = await runUnder({ block: 'dmca' })
    const first = await untilDecided((await postClaim(harness.issuer, of, { channels: ['artifact'] })).exchangeURL)
    expect(first.status).toBe(403)
    expect(JSON.parse(first.text)).toMatchObject({
      code: 'repository_unreadable',
      detail: expect.stringContaining('legal reasons'),
    })
    await harness.github.resetRequestCounts()
    const second = await untilDecided((await postClaim(harness.issuer, of, { channels: ['artifact'] })).exchangeURL)
    expect(JSON.parse(second.text)).toMatchObject({ code: 'repository_unreadable' })
    const { rest } = await harness.github.requestCounts()
    expect([rest.counted, rest.rejected]).toEqual([0, 0])
  })
})

describe('a verifier with a GitHub App alone, for repositories of projects alone', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const appId = 4_711
  let harness: SystemHarness
  beforeAll(async () => {
    harness = await openSystemHarness({
      extra: {
        gateway: { FORKPROOF_GITHUB_SERVE: 'relationships' },
        verifier: {
          FORKPROOF_GITHUB_SERVE: 'relationships',
          FORKPROOF_VERIFIER_GITHUB_TOKENS: '',
          FORKPROOF_VERIFIER_GITHUB_APP_ID: String(appId),
          FORKPROOF_VERIFIER_GITHUB_APP_PRIVATE_KEY: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
        },
      },
    })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    await harness.github.send('POST', '/_sim/apps', { id: appId, publicKey: pem })
  })

  it('serves a run of such a repository by its installation, and refuses others before GitHub is asked', async () => {
    const of = await createForkRun(harness.github)
    await harness.github.send('POST', `/_sim/apps/${appId}/installations`, { account: 'octo-org' })
    await createProject(harness, [{ repository: of.repository, eventClass: 'fork_pull_request' }])
    const body = { eventName: 'pull_request', repo: of.repository, runID: String(of.run.id), channels: ['artifact'] }
    const known = async () => (await postJson(`${harness.issuer}/claim`, body)).status === 200
    await waitUntil('the repository is known', known, { msMax: knownMsMax, everyMs: 500 })
    expect(await claimAndShow(harness, of)).toMatchObject({ status: 200 })

    const other = await createForkRun(harness.github)
    await harness.github.resetRequestCounts()
    const refused = await postJson(`${harness.issuer}/claim`, {
      ...body,
      repo: other.repository,
      runID: String(other.run.id),
    })
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([403, 'repository_not_served'])
  })
})
