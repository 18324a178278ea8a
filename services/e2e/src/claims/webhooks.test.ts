import { buckets } from '@forkproof/contracts/subjects'
import { eventsOf } from '@forkproof/workflows/builds/testing/sample-build'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  buildState,
  createProject,
  forkRunWithToken,
  getAccessToken,
  hasEnded,
  type PostedBuild,
  postBuild,
} from '../testing/build-requests.ts'
import { openFakeNode } from '../testing/fake-node.ts'
import { openBus } from '../testing/partial-system-harness.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { waitUntil } from '../testing/wait-until.ts'
import { deliverWebhook, runPayload } from '../testing/webhook-deliveries.ts'

const secret = 'new'.repeat(12)
const formerSecret = 'old'.repeat(12)
/** Polling alone would notice nothing within this file's time. */
const watchSeconds = 300

let harness: SystemHarness
let node: Awaited<ReturnType<typeof openFakeNode>>
let announce: () => Promise<void>
beforeAll(async () => {
  harness = await openSystemHarness({
    extra: {
      gateway: { FORKPROOF_GATEWAY_WEBHOOK_SECRETS: `${secret},${formerSecret}` },
      verifier: { FORKPROOF_VERIFIER_RUN_WATCH_SECONDS: String(watchSeconds) },
    },
  })
  node = await openFakeNode(harness.system)
  const { answer } = node
  // It takes every request and readies nothing, so that builds stay as they are until they end.
  node.answer = async command => {
    if (command.type === 'forkproof.builder.released.v1') await answer(command)
    else await node.publish(eventsOf(command.data).accepted())
  }
  const announced = await (await openBus(harness.system, 'provisioner')).bucket(buckets.nodes)
  announce = () => announced.set('node-1', announcement())
})

const RequestReport = z.object({
  routes: z.array(
    z.object({
      surface: z.string(),
      route: z.string(),
      counted: z.int(),
      notModified: z.int(),
      rejected: z.int(),
    }),
  ),
})
const Hook = z.object({ id: z.int() })
const Deliveries = z.array(z.object({ event: z.string(), status: z.int().nullable() }))

const announcement = () =>
  JSON.stringify({
    nodeId: 'node-1',
    driver: 'memory',
    isolation: [],
    platforms: [{ platform: 'linux/amd64', emulated: false }],
    egress: ['none'],
    capacity: 10,
    running: 0,
    waiting: 0,
    warm: 0,
    missing: [],
    announcedAtMs: Date.now(),
  })

/** A build of a fork's run on a node of the test, active. */
async function startBuild() {
  const of = await forkRunWithToken(harness)
  const project = await createProject(harness, [{ repository: of.repository, eventClass: 'fork_pull_request' }])
  const access = await getAccessToken(harness, of.idToken, project)
  await announce()
  const build = await postBuild(harness, access)
  const repositoryId = await harness.github.repositoryId(of.repository)
  await buildState(harness, build, ({ phase }) => phase === 'active')
  return { ...of, build, access, about: { repositoryId, runId: of.run.id } }
}
type OpenBuild = Awaited<ReturnType<typeof startBuild>>

const deliver = (event: string, payload: unknown, change: { secret?: string; deliveryId?: string } = {}) =>
  deliverWebhook(harness.issuer, { event, payload, secret, ...change })
const endRun = ({ run }: OpenBuild, conclusion: string) =>
  harness.github.send('PATCH', `/_sim/runs/${run.id}`, { status: 'completed', conclusion })
const phaseOf = async (build: PostedBuild) => (await buildState(harness, build, () => true)).phase
/** Readings of runs. The verifier also reads the names of repositories, which has nothing to do with hints. */
const requests = async () => {
  const { routes } = RequestReport.parse(await harness.github.send('GET', '/_sim/requests'))
  return routes
    .filter(({ surface, route }) => surface === 'rest' && route.includes('/actions/runs/'))
    .reduce((sum, { counted, notModified, rejected }) => sum + counted + notModified + rejected, 0)
}

describe('a webhook', () => {
  it.each([
    ['completed', 'success', secret],
    ['cancelled', 'cancelled', formerSecret],
  ])(
    'that tells of a %s run ends its build and closes its builders, within seconds',
    async (_, conclusion, signedBy) => {
      const open = await startBuild()
      await endRun(open, conclusion)
      expect(await phaseOf(open.build)).toBe('active')
      const toldAt = performance.now()
      expect(await deliver('workflow_run', runPayload(open.about), { secret: signedBy })).toBe(202)
      const ended = await buildState(harness, open.build, hasEnded)
      expect(ended).toMatchObject({ outcome: 'run_over', reason: 'run_not_in_progress' })
      expect(performance.now() - toldAt).toBeLessThan(10_000)
      expect(node.commandsOf(open.build.buildId).map(({ type }) => type)).toContain('forkproof.builder.released.v1')
      // What the run held opens nothing any more.
      await announce()
      const again = await postBuild(harness, open.access).catch((error: unknown) => String(error))
      expect(JSON.stringify(again)).toContain('run_not_in_progress')
    },
  )

  it('that comes before GitHub’s API shows the end ends the build once it does', async () => {
    const open = await startBuild()
    expect(await deliver('workflow_run', runPayload(open.about))).toBe(202)
    await endRun(open, 'success')
    expect(await buildState(harness, open.build, hasEnded)).toMatchObject({ outcome: 'run_over' })
  })

  it('of the simulated GitHub itself ends a build, and its ping is answered', async () => {
    const url = `${harness.issuer}/webhooks/github`
    const hook = Hook.parse(await harness.github.send('POST', '/_sim/webhooks', { url, secret }))
    const open = await startBuild()
    await endRun(open, 'cancelled')
    expect(await buildState(harness, open.build, hasEnded)).toMatchObject({ outcome: 'run_over' })
    const sent = async () => Deliveries.parse(await harness.github.send('GET', `/_sim/webhooks/${hook.id}/deliveries`))
    await waitUntil('all are answered', async () => (await sent()).every(({ status }) => status !== null), {
      msMax: 10_000,
    })
    const answers = (await sent()).map(({ event, status }) => `${event} ${status}`)
    expect(answers).toEqual(expect.arrayContaining(['ping 204', 'workflow_job 202', 'workflow_run 202']))
    expect(answers.filter(answer => !/ 20[24]$/.test(answer))).toEqual([])
    await harness.github.send('DELETE', `/_sim/webhooks/${hook.id}`)
  })

  it('that is a ping is answered', async () => {
    expect(await deliver('ping', { zen: 'Speak like a human.', hook_id: 1 })).toBe(204)
  })
})

describe('a webhook that lies', () => {
  it('with the operator’s secret ends no build that runs, and costs some readings at most', async () => {
    const open = await startBuild()
    await harness.github.resetRequestCounts()
    for (let turn = 0; turn < 40; turn++) {
      const payload = { ...runPayload({ ...open.about, attempt: 1 + (turn % 3) }), turn }
      expect(await deliver('workflow_run', payload)).toBe(202)
    }
    await waitUntil('the run was read again', async () => (await requests()) > 0, { msMax: 10_000 })
    expect(await phaseOf(open.build)).toBe('active')
    expect(await requests()).toBeLessThanOrEqual(24)
    await endRun(open, 'success')
    expect(await buildState(harness, open.build, hasEnded)).toMatchObject({ outcome: 'run_over' })
  })

  it('without a secret of the operator is refused, and nothing is read', async () => {
    const open = await startBuild()
    await endRun(open, 'success')
    await harness.github.resetRequestCounts()
    for (const forged of ['', 'x'.repeat(40), `${secret}x`]) {
      expect(await deliver('workflow_run', runPayload(open.about), { secret: forged })).toBe(403)
    }
    expect([await phaseOf(open.build), await requests()]).toEqual(['active', 0])
    expect(await deliver('workflow_run', runPayload(open.about))).toBe(202)
    await buildState(harness, open.build, hasEnded)
  })

  it('about runs that nobody watches makes nobody read GitHub', async () => {
    const open = await startBuild()
    await harness.github.resetRequestCounts()
    for (let turn = 1; turn <= 50; turn++) {
      expect(await deliver('workflow_run', runPayload({ ...open.about, runId: open.run.id + 1_000_000 + turn }))).toBe(
        202,
      )
    }
    // The last of the hints has been heard when this one, which is true, has ended the build.
    await endRun(open, 'success')
    await deliver('workflow_run', runPayload(open.about))
    await buildState(harness, open.build, hasEnded)
    expect(await requests()).toBeLessThanOrEqual(2)
  })

  it('by coming again causes nothing more', async () => {
    const open = await startBuild()
    await harness.github.resetRequestCounts()
    await deliver('workflow_run', runPayload(open.about), { deliveryId: 'first' })
    // At once, and three times more for GitHub's lag.
    await waitUntil('the run was read for it', async () => (await requests()) >= 4, { msMax: 20_000 })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        deliver('workflow_run', runPayload(open.about), { deliveryId: `again-${index}` }),
      ),
    )
    expect(answers).toEqual(Array(20).fill(202))
    // The last of the hints has been heard when this one, which is true and new, has ended the build.
    await endRun(open, 'success')
    await deliver('workflow_run', { ...runPayload(open.about), installation: { id: 1 } })
    await buildState(harness, open.build, hasEnded)
    expect(await requests()).toBeLessThanOrEqual(6)
  })
})
