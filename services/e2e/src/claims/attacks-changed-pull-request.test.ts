import { systemClock } from '@forkproof/infra/clock'
import { decodeJwt, type JWTPayload } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { createProject, exchangeToken, forkToken, getAccessToken, postBuild } from '../testing/build-requests.ts'
import { createForkRun, type TestForkRun } from '../testing/claim-requests.ts'
import { openFakeNode } from '../testing/fake-node.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'

/*
 * A pull request is not its run: its author can close it, open others from the same branch, and choose another base
 * while the run goes on. None of that may give the run what its own pull request did not have.
 */

let harness: SystemHarness
let node: Awaited<ReturnType<typeof openFakeNode>>
beforeAll(async () => {
  harness = await openSystemHarness()
  node = await openFakeNode(harness.system)
  // Whether a build may start is decided before a builder is ready.
  node.answer = async () => {}
})

const send = (method: string, path: string, body?: unknown) => harness.github.send(method, path, body)
const pullOf = (of: TestForkRun, number = of.pullRequest) => `/_sim/repositories/${of.repository}/pulls/${number}`
const close = (of: TestForkRun) => send('PATCH', pullOf(of), { state: 'closed' })
const retarget =
  (baseBranch: string) =>
  (of: TestForkRun): Promise<unknown> =>
    send('PATCH', pullOf(of), { baseBranch })
const openAnother =
  (change: Record<string, unknown> = {}) =>
  async (of: TestForkRun): Promise<void> => {
    const { headSha } = (await send('GET', `/_sim/runs/${of.run.id}`)) as { headSha: string }
    await send('POST', `/_sim/repositories/${of.repository}/pulls`, {
      headRepository: of.fork,
      headBranch: 'fix',
      headSha,
      ...change,
    })
  }
const after =
  (...steps: ((of: TestForkRun) => Promise<unknown>)[]) =>
  async (of: TestForkRun): Promise<void> => {
    for (const step of steps) await step(of)
  }

const project = (of: TestForkRun, rule: Record<string, unknown>) =>
  createProject(harness, [{ repository: of.repository, eventClass: 'fork_pull_request', ...rule }])
const ofMain = { baseRefs: ['main'] }
/** A run of a pull request against `next`, where nothing is admitted but what goes to `main`. */
async function runAgainstNext(): Promise<TestForkRun> {
  const of = await createForkRun(harness.github)
  // GitHub tells times to the second, and what happened to a pull request in the second of its opening looks like that.
  await systemClock.sleep(1_100)
  await retarget('next')(of)
  const jobs = [{ name: 'build', status: 'in_progress', steps: [{ name: 'Claim', status: 'in_progress' }] }]
  const body = { pullRequest: of.pullRequest, event: 'pull_request', status: 'in_progress', jobs }
  return { ...of, run: await harness.github.createRun(of.repository, body) }
}

const isAdmitted = async (idToken: string, projectId: string) =>
  (await exchangeToken(harness, idToken, projectId)).status === 200

describe.concurrent('a run whose pull request changes before it claims', () => {
  it.each<[string, Record<string, unknown>]>([
    ['of its base', ofMain],
    ['of an open pull request', { pullRequest: 'open' }],
    ['of its author', { authorAssociations: ['FIRST_TIME_CONTRIBUTOR'] }],
    ['of nothing', {}],
  ])(
    'is admitted by a rule %s while nothing has changed, so that the refusals below mean something',
    async (_, rule) => {
      const of = await createForkRun(harness.github)
      expect(await isAdmitted(await forkToken(harness, of), await project(of, rule))).toBe(true)
    },
  )

  it.each<[string, Record<string, unknown>, (of: TestForkRun) => Promise<unknown>]>([
    ['was closed', ofMain, close],
    ['was closed', { pullRequest: 'open' }, close],
    ['was closed', { authorAssociations: ['FIRST_TIME_CONTRIBUTOR'] }, close],
    ['was merged', ofMain, of => send('PATCH', pullOf(of), { state: 'merged' })],
    ['was closed while another one has the same head', ofMain, after(openAnother(), close)],
    ['was closed while another one has the same head', { pullRequest: 'open' }, after(openAnother(), close)],
    ['was given another base', ofMain, retarget('next')],
  ])('is refused when its pull request %s, for a rule %j', async (_what, rule, change) => {
    const of = await createForkRun(harness.github)
    const projectId = await project(of, rule)
    await change(of)
    expect(await isAdmitted(await forkToken(harness, of), projectId)).toBe(false)
  })

  it.each<[string, (of: TestForkRun) => Promise<unknown>]>([
    ['while it goes on', retarget('main')],
    ['and back, and there again', after(retarget('main'), retarget('next'), retarget('main'))],
    ['by another pull request from the same branch', openAnother({ baseBranch: 'main' })],
    ['by another one, after closing its own', after(openAnother({ baseBranch: 'main' }), close)],
    ['by another one, opened after closing its own', after(close, openAnother({ baseBranch: 'main' }))],
  ])('and was made for another base is not admitted as one of main by going there %s', async (_what, change) => {
    const of = await runAgainstNext()
    const projectId = await project(of, ofMain)
    await change(of)
    const idToken = await forkToken(harness, of)
    expect(decodeJwt(idToken)['base_ref']).not.toBe('main')
    expect(await isAdmitted(idToken, projectId)).toBe(false)
  })

  it('is told by its token what was there, and when', async () => {
    const of = await createForkRun(harness.github)
    const before = decodeJwt(await forkToken(harness, of))
    await close(of)
    const later = decodeJwt(await forkToken(harness, of))
    expect(before).toMatchObject({ base_ref: 'main', pull_request_state: 'open' })
    expect(later).toMatchObject({ pull_request_state: 'closed', run_id: before['run_id'] })
    expect(Object.keys(later).filter(name => /^(base_|author_)/.test(name))).toEqual([])
    const readAt = ({ pull_request_read_at }: JWTPayload) => Number(pull_request_read_at)
    expect(Math.abs(readAt(before) - Number(before.iat))).toBeLessThan(60)
    expect(readAt(later)).toBeGreaterThanOrEqual(readAt(before))
  })
})

describe.concurrent('a build whose pull request changes after its run was admitted', () => {
  const build = async (rule: Record<string, unknown>, change: (of: TestForkRun) => Promise<unknown>) => {
    const of = await createForkRun(harness.github)
    const access = await getAccessToken(harness, await forkToken(harness, of), await project(of, rule))
    await change(of)
    await node.announce()
    return postBuild(harness, access)
  }

  it('starts while nothing has changed, so that the refusals below mean something', async () => {
    expect((await build({ ...ofMain, pullRequest: 'open' }, async () => {})).state.phase).toBe('active')
  })

  it.each<[string, Record<string, unknown>, (of: TestForkRun) => Promise<unknown>]>([
    ['is closed', { pullRequest: 'open' }, close],
    ['is closed', ofMain, close],
    ['is given another base', ofMain, retarget('next')],
    ['is closed while another one has the same head', ofMain, after(openAnother(), close)],
  ])('does not start when it %s, for a rule %j', async (_what, rule, change) => {
    await expect(build(rule, change)).rejects.toThrow(/403 .*pull_request_changed/)
  })
})
