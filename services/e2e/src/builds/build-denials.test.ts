import { beforeAll, describe, expect, it } from 'vitest'
import {
  askAsOperator,
  buildState,
  createProject,
  exchangeToken,
  forkRunWithToken,
  forkToken,
  getAccessToken,
  hasEnded,
  isSettled,
  postBuild,
} from '../testing/build-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness({ builders: true })
})

async function admittedFork(rule: Record<string, unknown> = {}) {
  const of = await forkRunWithToken(harness)
  const project = await createProject(harness, [
    { repository: of.repository, eventClass: 'fork_pull_request', ...rule },
  ])
  return { ...of, project, bearer: await getAccessToken(harness, of.idToken, project) }
}

describe('a maintainer’s denial, on the whole system', () => {
  it('ends the builder of a running build, refuses the next, and can be taken back', async () => {
    const of = await admittedFork()
    const other = await admittedFork()
    const started = await postBuild(harness, of.bearer)
    const untouched = await postBuild(harness, other.bearer)
    await buildState(harness, started, isSettled)
    const { head_repository_id: fork } = JSON.parse(
      Buffer.from(of.idToken.split('.')[1] ?? '', 'base64url').toString(),
    ) as { head_repository_id: string }
    const path = `/v1/projects/${of.project}/denials/head_repository:${fork}`
    await askAsOperator(harness, 'PUT', path, { reason: 'mines coins' })
    const ended = await buildState(harness, started, hasEnded)
    expect(ended).toMatchObject({ outcome: 'refused', reason: 'run_denied' })
    expect(ended.platforms[0]?.receipt?.leftovers).toEqual([])
    const token = await forkToken(harness, of)
    expect((await exchangeToken(harness, token, of.project)).text).toContain('run_denied')
    await askAsOperator(harness, 'DELETE', path)
    expect((await exchangeToken(harness, token, of.project)).status).toBe(200)
    expect((await buildState(harness, untouched, isSettled)).phase).toBe('active')
  })
})

describe('a pull request that changes after its run was admitted', () => {
  it('builds no more once it is closed, where the rule asks for its base', async () => {
    const of = await admittedFork({ baseRefs: ['main'] })
    await harness.github.send('PATCH', `/_sim/repositories/${of.repository}/pulls/${of.pullRequest}`, {
      state: 'closed',
    })
    await expect(postBuild(harness, of.bearer)).rejects.toThrow(/pull_request_changed/)
  })

  it('is not exchanged when it was closed before the token was made', async () => {
    const of = await admittedFork({ baseRefs: ['main'] })
    await harness.github.send('PATCH', `/_sim/repositories/${of.repository}/pulls/${of.pullRequest}`, {
      state: 'closed',
    })
    const token = await forkToken(harness, of)
    const refused = await exchangeToken(harness, token, of.project)
    expect(refused.text).toContain('not_admitted')
  })
})
