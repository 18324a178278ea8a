import type { ClaimAnswer } from '@forkproof/contracts/claim'
import { errorTable, type RefusalReason } from '@forkproof/contracts/errors'
import { decodeJwt, type JWTPayload } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createForkRun,
  exchangeClaim,
  type HttpAnswer,
  postClaim,
  problemCode,
  showAsArtifact,
  type TestForkRun,
} from '../testing/claim-requests.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

interface Target {
  readonly repository: string
  readonly run: { readonly id: number }
  /** More members of the claim. */
  readonly change?: Record<string, unknown>
}

let harness: SystemHarness
beforeAll(async () => {
  harness = await openSystemHarness()
})

const send = (method: string, path: string, body?: unknown) => harness.github.send(method, path, body)
const start = ({ repository, run, change }: Target): Promise<ClaimAnswer> =>
  postClaim(harness.issuer, { repository, run }, { channels: ['artifact'], ...change })

/** Claims, shows the code as an artifact at once, and asks for the token: only the run's facts can prevent it. */
async function prove(target: Target): Promise<HttpAnswer> {
  const answer = await start(target)
  await showAsArtifact(harness.github, harness.issuer, target.run, answer)
  return exchangeClaim(answer.exchangeURL)
}

function tokenOf(answer: HttpAnswer): JWTPayload {
  if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.text}`)
  return decodeJwt(answer.text)
}

const refusal = (answer: HttpAnswer) => ({ status: answer.status, code: problemCode(answer) })
const refusedAs = (code: RefusalReason) => ({ status: errorTable[code].status, code })

const firstJob = (of: TestForkRun): string => String(of.run.jobs[0]?.id)
const patchRun =
  (change: Record<string, unknown>) =>
  async (of: TestForkRun): Promise<Target> => {
    await send('PATCH', `/_sim/runs/${of.run.id}`, change)
    return of
  }
const patchRepository =
  (change: Record<string, unknown>) =>
  async (of: TestForkRun): Promise<Target> => {
    await send('PATCH', `/_sim/repositories/${of.repository}`, change)
    return of
  }

const withAttempt = (of: TestForkRun, attempt: string): Target => ({ ...of, change: { attempt } })
const withJob = (of: TestForkRun, jobID: string): Target => ({ ...of, change: { jobID } })
const finishJob = (of: TestForkRun) =>
  send('PATCH', `/_sim/jobs/${firstJob(of)}`, { status: 'completed', conclusion: 'success' })

const deleteFork = (of: TestForkRun) => send('DELETE', `/_sim/repositories/${of.fork}`)
const after =
  (change: (of: TestForkRun) => Promise<unknown>, target: (of: TestForkRun) => Target = of => of) =>
  async (of: TestForkRun): Promise<Target> => {
    await change(of)
    return target(of)
  }

async function sameRepositoryPull(of: TestForkRun): Promise<Target> {
  const pull = { headRepository: of.repository, headBranch: 'feature' }
  const made = await send('POST', `/_sim/repositories/${of.repository}/pulls`, pull)
  const { number } = made as { number: number }
  const body = { pullRequest: number, event: 'pull_request', status: 'in_progress' }
  return { repository: of.repository, run: await harness.github.createRun(of.repository, body) }
}

async function runAgain(of: TestForkRun): Promise<void> {
  await send('POST', `/_sim/runs/${of.run.id}/attempts`, { jobs: [{ name: 'build', status: 'in_progress' }] })
}

async function squattedName(of: TestForkRun): Promise<Target> {
  const [owner = '', name = ''] = of.repository.split('/')
  await send('PATCH', `/_sim/repositories/${of.repository}`, { name: `${name}-moved` })
  await send('POST', '/_sim/repositories', { owner, name })
  return of
}

const strangerRun = async (): Promise<TestForkRun> => createForkRun(harness.github)

/** What is done to a run that has just proven itself, and what the next claim must be told. */
const attacks: readonly (readonly [string, RefusalReason, (of: TestForkRun) => Promise<Target>])[] = [
  ['a push', 'event_not_pull_request', patchRun({ event: 'push' })],
  ['a pull_request_target', 'event_not_pull_request', patchRun({ event: 'pull_request_target' })],
  ['a schedule', 'event_not_pull_request', patchRun({ event: 'schedule' })],
  ['a workflow_dispatch', 'event_not_pull_request', patchRun({ event: 'workflow_dispatch' })],
  ['a workflow_run', 'event_not_pull_request', patchRun({ event: 'workflow_run' })],
  ['an event spelt otherwise', 'event_not_pull_request', patchRun({ event: 'Pull_Request' })],
  ['a pull request of the repository itself', 'not_a_fork', sameRepositoryPull],
  ['a deleted fork', 'head_repository_gone', after(deleteFork)],
  ['a private repository', 'run_not_found', patchRepository({ visibility: 'private' })],
  ['a renamed repository', 'repository_renamed', patchRepository({ name: `moved-${crypto.randomUUID()}` })],
  ['a transferred repository', 'repository_renamed', patchRepository({ owner: 'another-org' })],
  ['a repository that took the former name', 'run_not_found', squattedName],
  ['another repository', 'run_not_found', async of => ({ ...of, repository: (await strangerRun()).repository })],
  ['the fork itself', 'run_not_found', async of => ({ ...of, repository: of.fork })],
  ['a finished run', 'run_not_in_progress', patchRun({ status: 'completed', conclusion: 'success' })],
  ['a cancelled run', 'run_not_in_progress', patchRun({ status: 'completed', conclusion: 'cancelled' })],
  ['an unapproved run', 'awaiting_approval', patchRun({ status: 'completed', conclusion: 'action_required' })],
  ['an attempt that was repeated', 'attempt_not_latest', after(runAgain, of => withAttempt(of, '1'))],
  ['an attempt that does not exist', 'attempt_not_latest', async of => withAttempt(of, '2')],
  ['a job of another run', 'job_mismatch', async of => withJob(of, firstJob(await strangerRun()))],
  ['a job of an older attempt', 'job_mismatch', after(runAgain, of => withJob(of, firstJob(of)))],
  ['a job that does not exist', 'job_mismatch', async of => withJob(of, '9007199254740991')],
  ['a finished job', 'job_mismatch', after(finishJob, of => withJob(of, firstJob(of)))],
]

describe.concurrent('a claim that says pull_request', () => {
  it.each(attacks)('is refused for %s as %s, while the same run was served before', async (_what, code, attack) => {
    // With a second job the run goes on when the claimed one is over.
    const of = await createForkRun(harness.github, { jobs: 2 })
    const honest = { ...of, change: { attempt: '1', jobID: firstJob(of) } }
    expect(tokenOf(await prove(honest)), 'the honest claim').toMatchObject({ run_id: String(of.run.id) })
    expect(refusal(await prove(await attack(of)))).toEqual(refusedAs(code))
  })

  it('is refused for a private repository also when our credentials could read it', async () => {
    const { githubTokens } = harness.system.keys
    const readsPrivate = ['octo-org/our-secret']
    for (const [index, token] of githubTokens.entries()) {
      await send('POST', '/_sim/credentials', { name: `insider-${index + 1}`, token, readsPrivate })
    }
    const made = await harness.github.createForkPullRequest({
      owner: 'octo-org',
      name: 'our-secret',
      forkOwner: 'mole',
    })
    const body = { pullRequest: made.pullRequest, event: 'pull_request', status: 'in_progress' }
    const target = { repository: made.repository, run: await harness.github.createRun(made.repository, body) }
    expect(tokenOf(await prove(target)), 'while it is public').toMatchObject({ repository: made.repository })
    await send('PATCH', `/_sim/repositories/${made.repository}`, { visibility: 'private' })
    expect(refusal(await prove(target))).toEqual(refusedAs('repository_not_public'))
  })

  it('is served for every spelling of the name, and the token has GitHub’s own', async () => {
    const of = await createForkRun(harness.github)
    const token = tokenOf(await prove({ ...of, repository: of.repository.toUpperCase() }))
    expect(token).toMatchObject({ repository: of.repository })
  })

  it('is served under the new name after a rename, with the same subject', async () => {
    const of = await createForkRun(harness.github)
    const before = tokenOf(await prove(of))
    await send('PATCH', `/_sim/repositories/${of.repository}`, { name: `renamed-${of.run.id}` })
    const after = tokenOf(await prove({ ...of, repository: `octo-org/renamed-${of.run.id}` }))
    expect(after).toMatchObject({ repository: `octo-org/renamed-${of.run.id}`, sub: before.sub })
  })

  it('is served for a fork’s branch that is called like the base’s', async () => {
    const of = await createForkRun(harness.github, { run: { headBranch: 'main' } })
    expect(tokenOf(await prove(of))).toMatchObject({ head_repository: of.fork, head_ref: 'main' })
  })

  // GitHub gives a run the status of its least advanced job (docs/facts/github.md#run-states-and-approval).
  it.each(['queued', 'waiting', 'pending'])('is served while another job makes the run read %s', async status => {
    const of = await createForkRun(harness.github)
    await send('POST', `/_sim/runs/${of.run.id}/jobs`, { name: 'waits', status })
    expect(await send('GET', `/_sim/runs/${of.run.id}`)).toMatchObject({ status })
    expect(tokenOf(await prove(of))).toMatchObject({ run_id: String(of.run.id) })
    expect(tokenOf(await prove(withJob(of, firstJob(of))))).toMatchObject({ run_id: String(of.run.id) })
  })

  it('is served for the latest attempt of a repeated run', async () => {
    const of = await createForkRun(harness.github)
    await runAgain(of)
    expect(tokenOf(await prove(withAttempt(of, '2')))).toMatchObject({ run_attempt: '2' })
  })

  it('is served once a maintainer has approved the run and it started', async () => {
    const of = await createForkRun(harness.github)
    await patchRun({ status: 'completed', conclusion: 'action_required' })(of)
    expect(refusal(await prove(of))).toEqual(refusedAs('awaiting_approval'))
    await send('POST', `/_sim/runs/${of.run.id}/approve`)
    const proving = prove(of)
    await patchRun({ status: 'in_progress' })(of)
    expect(tokenOf(await proving)).toMatchObject({ run_id: String(of.run.id) })
  })
})

const readingOfRun = 'GET /repos/{owner}/{repo}/actions/runs/{run}'
const runReadings = async (): Promise<number> => {
  const { routes } = (await send('GET', '/_sim/requests')) as { routes: { route: string; counted: number }[] }
  return routes.find(({ route }) => route === readingOfRun)?.counted ?? 0
}

// One after the other, because they read the simulator's request counters.
describe('a run that was good when it was claimed', () => {
  const changes: readonly (readonly [string, RefusalReason, (of: TestForkRun) => Promise<unknown>])[] = [
    ['ends', 'run_not_in_progress', patchRun({ status: 'completed', conclusion: 'success' })],
    ['is repeated', 'attempt_not_latest', runAgain],
    ['loses its fork', 'head_repository_gone', deleteFork],
    ['changes its event', 'event_not_pull_request', patchRun({ event: 'push' })],
    ['loses the claimed job', 'job_mismatch', finishJob],
  ]
  it.each(changes)('and %s before the code is shown is refused as %s', async (_what, code, change) => {
    const of = await createForkRun(harness.github, { jobs: 2 })
    await harness.github.resetRequestCounts()
    const answer = await start({ ...of, change: { jobID: firstJob(of) } })
    await expect.poll(runReadings, { timeout: 20_000 }).toBeGreaterThan(0)
    await change(of)
    await showAsArtifact(harness.github, harness.issuer, of.run, answer)
    expect(refusal(await exchangeClaim(answer.exchangeURL))).toEqual(refusedAs(code))
  })
})
