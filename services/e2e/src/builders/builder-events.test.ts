import type { BuildState } from '@forkproof/contracts/build'
import type { BuildSpec } from '@forkproof/contracts/build-spec'
import { RepositoryName, RunId } from '@forkproof/contracts/ids'
import {
  awaitChangeUpdate,
  type BuildWorkflow,
  buildTaskQueue,
  buildWorkflow,
  buildWorkflowId,
  finishSignal,
} from '@forkproof/workflows/builds/api'
import { eventsOf, sampleBuild } from '@forkproof/workflows/builds/testing/sample-build'
import { beforeAll, describe, expect, it } from 'vitest'
import { createForkRun } from '../testing/claim-requests.ts'
import { openFakeNode } from '../testing/fake-node.ts'
import { openSystemHarness, type SystemHarness } from '../testing/system-harness.ts'
import { waitUntil } from '../testing/wait-until.ts'

let harness: SystemHarness
let node: Awaited<ReturnType<typeof openFakeNode>>

beforeAll(async () => {
  harness = await openSystemHarness({ extra: { verifier: { FORKPROOF_VERIFIER_RUN_WATCH_SECONDS: '1' } } })
  node = await openFakeNode(harness.system)
})

/** A build of a fork's run in the simulator, without a gateway; bounded by its own end. */
async function startBuildOfFork(changes: (order: BuildSpec) => Partial<BuildSpec> = () => ({})) {
  const { repository, run } = await createForkRun(harness.github)
  const name = crypto.randomUUID()
  const sample = sampleBuild(name)
  const admitted = {
    ...sample.run,
    repository: RepositoryName.parse(repository),
    repositoryId: await harness.github.repositoryId(repository),
    runId: RunId.parse(String(run.id)),
  }
  const plain = { ...sample, run: admitted }
  const order = { ...plain, ...changes(plain) }
  const handle = await harness.temporal.workflow.start<BuildWorkflow>(buildWorkflow, {
    taskQueue: buildTaskQueue,
    workflowId: buildWorkflowId(order.buildId),
    args: [order],
  })
  const whenFits = async (fits: (state: BuildState) => boolean): Promise<BuildState> => {
    for (let knownVersion = 0; ; ) {
      const asked = { args: [{ knownVersion, waitMs: 20_000 }] as [unknown] }
      const state: BuildState = await handle.executeUpdate(awaitChangeUpdate, asked)
      if (fits(state) || state.phase === 'ended') return state
      knownVersion = state.version
    }
  }
  const isReady = () => whenFits(({ platforms }) => platforms.every(({ state }) => state === 'ready'))
  return { order, run, handle, isReady, whenFits, finish: () => handle.signal(finishSignal, { result: 'success' }) }
}

describe('a build over the real bus', () => {
  it('is confirmed at GitHub, ready by its node’s events, and ends with the receipt', async () => {
    const build = await startBuildOfFork()
    expect(await build.isReady()).toMatchObject({ phase: 'active', platforms: [{ state: 'ready' }] })
    await build.finish()
    expect(await build.handle.result()).toMatchObject({ outcome: 'success', platforms: [{ state: 'destroyed' }] })
    expect(node.commandsOf(build.order.buildId).map(({ type }) => type.split('.')[2])).toEqual([
      'requested',
      'released',
    ])
  })

  it('ends with its run', async () => {
    const build = await startBuildOfFork()
    await build.isReady()
    await harness.github.send('PATCH', `/_sim/runs/${build.run.id}`, { status: 'completed', conclusion: 'success' })
    expect(await build.handle.result()).toMatchObject({ outcome: 'run_over', reason: 'run_not_in_progress' })
  })

  it.each<[string, (order: BuildSpec) => Partial<BuildSpec>, string]>([
    ['as trusted, which a fork’s run is not', ({ run }) => ({ run: { ...run, eventClass: 'trusted' } }), 'not_trusted'],
    ['of a repository with another id', ({ run }) => ({ run: { ...run, repositoryId: '1' } }), 'run_not_found'],
    ['of a run that is not there', ({ run }) => ({ run: { ...run, runId: RunId.parse('1') } }), 'run_not_found'],
  ])('is refused %s, and the node is told to give back what it made meanwhile', async (_, changes, reason) => {
    const build = await startBuildOfFork(changes)
    expect(await build.handle.result()).toMatchObject({
      outcome: 'refused',
      reason,
      platforms: [{ state: 'destroyed', reason: 'not_wanted' }],
    })
    const kinds = node.commandsOf(build.order.buildId).map(({ type }) => type.split('.')[2])
    expect(kinds).toEqual(['requested', 'released'])
  })
})

describe('the stream of builders', () => {
  it('is read on after messages that are no events', async () => {
    for (const text of ['', '{', '[]', '{"type":"forkproof.builder.ready.v1"}', 'x'.repeat(10_000)]) {
      await node.publishText(text, crypto.randomUUID())
    }
    const build = await startBuildOfFork()
    await build.isReady()
    await build.finish()
    expect(await build.handle.result()).toMatchObject({ outcome: 'success' })
  })

  it('is read on after an event of a build that never was', async () => {
    const { buildId } = sampleBuild('never started')
    const leaseId = crypto.randomUUID() as Parameters<typeof eventsOf>[0]['leaseId']
    await node.publish(eventsOf({ buildId, leaseId, platform: 'linux/amd64' }).destroyed('time_up'))
    const build = await startBuildOfFork()
    await build.isReady()
    await build.finish()
    expect(await build.handle.result()).toMatchObject({ outcome: 'success' })
  })

  it('loses nothing to an orchestrator that is killed, and no command is done twice', async () => {
    const build = await startBuildOfFork()
    await build.isReady()
    await harness.system.killPart('orchestrator')
    const [request] = node.commandsOf(build.order.buildId)
    if (!request) throw new Error('nothing was requested')
    await node.publish(eventsOf(request.data).destroyed('client_gone'))
    await harness.system.startPart('orchestrator')
    expect(await build.handle.result()).toMatchObject({
      outcome: 'client_gone',
      platforms: [{ reason: 'client_gone' }],
    })
    expect(node.commandsOf(build.order.buildId)).toHaveLength(1)
  })

  it('loses nothing to a Temporal that is away', async () => {
    const build = await startBuildOfFork()
    await build.isReady()
    await harness.system.killPart('temporal')
    const [request] = node.commandsOf(build.order.buildId)
    if (!request) throw new Error('nothing was requested')
    await node.publish(eventsOf(request.data).destroyed('builder_lost'))
    await harness.system.startPart('temporal')
    const ended = async () => (await build.handle.describe()).status.name === 'COMPLETED'
    await waitUntil('ended', () => ended().catch(() => false), { msMax: 60_000 })
    expect(await build.handle.result()).toMatchObject({ outcome: 'failed', reason: 'builder_lost' })
  })
})
