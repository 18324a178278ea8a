import type { BuildSpec } from '@forkproof/contracts/build-spec'
import { BuildId, RelationshipId } from '@forkproof/contracts/ids'
import type { Builds } from '@forkproof/gateway/builds/ports'
import { clientOfBuilds, temporalBuilds } from '@forkproof/gateway/builds/temporal-builds'
import { sampleBuild } from '@forkproof/workflows/builds/testing/sample-build'
import { beforeAll, describe, expect, it } from 'vitest'
import { openScriptedBuildHarness, untilCancelled } from '../testing/scripted-build-harness.ts'
import { openTemporalHarness, type TemporalHarness } from '../testing/temporal-harness.ts'
import { waitUntil } from '../testing/wait-until.ts'

const platform = 'linux/amd64'
const waitMs = 20_000
const msMax = 20_000
const never = new AbortController().signal

let temporal: TemporalHarness
let scripted: Awaited<ReturnType<typeof openScriptedBuildHarness>>
let builds: Builds

beforeAll(async () => {
  temporal = await openTemporalHarness()
  scripted = await openScriptedBuildHarness(temporal)
  await scripted.orchestrate()
  builds = temporalBuilds(clientOfBuilds(temporal.client))
})

const script = (name: string, changes: Partial<BuildSpec> = {}) => scripted.make(sampleBuild(name, changes))

/** A build as the gateway starts it. */
async function start(name: string, changes: Partial<BuildSpec> = {}) {
  const { spec: order } = script(name, changes)
  return { buildId: order.buildId, state: await builds.start(order, never) }
}

async function ended(buildId: BuildId) {
  let state = await builds.state(buildId)
  while (state.phase !== 'ended') state = await builds.awaitChange(buildId, state.version, waitMs)
  return state
}

describe.concurrent('builds as the gateway sees them on a real Temporal', () => {
  it('start confirmed, become ready, finish, and are answered with their receipt for ever', async () => {
    const { buildId, state } = await start('gateway success')
    expect(state.phase).toBe('active')
    let next = state
    while (next.platforms[0]?.state !== 'ready') next = await builds.awaitChange(buildId, next.version, waitMs)
    expect(await builds.projectOf(buildId)).toBe('prj_aaaaaaaaaaaaaaaa')
    await builds.finish(buildId, 'success')
    const last = await ended(buildId)
    expect(last).toMatchObject({ outcome: 'success', platforms: [{ state: 'destroyed', receipt: { leftovers: [] } }] })
    await builds.finish(buildId, 'error')
    const request = { platform } as const
    expect(await builds.state(buildId)).toEqual(last)
    expect(await builds.awaitChange(buildId, last.version, waitMs)).toEqual(last)
    expect(await builds.connect(buildId, request, waitMs)).toEqual(last)
  })

  it('start refused with the run’s own reason', async () => {
    const of = script('gateway refused')
    of.inspect = async () => ({ outcome: 'refused', reason: 'run_not_in_progress' })
    expect(await builds.start(of.spec, never)).toMatchObject({ outcome: 'refused', reason: 'run_not_in_progress' })
    expect(await ended(of.spec.buildId)).toMatchObject({ outcome: 'refused' })
  })

  it('start once: the same order again is refused, and the first one goes on', async () => {
    const { buildId } = await start('gateway twice')
    const again = builds.start(sampleBuild('gateway twice'), never)
    await expect(again).rejects.toMatchObject({ code: 'temporarily_unavailable' })
    expect((await builds.state(buildId)).phase).toBe('active')
    await builds.finish(buildId, 'canceled')
  })

  it('get a platform more when it is asked for, and none that was not granted', async () => {
    const { buildId, state } = await start('gateway connect', { wishes: [], allowedPlatforms: [platform] })
    expect(state.platforms).toEqual([])
    const ready = await builds.connect(buildId, { platform }, waitMs)
    expect(ready.platforms).toMatchObject([{ platform, state: 'ready' }])
    const refused = builds.connect(buildId, { platform: 'linux/arm64' }, waitMs)
    await expect(refused).rejects.toMatchObject({ code: 'platform_not_granted' })
    await builds.finish(buildId, 'success')
    expect((await ended(buildId)).outcome).toBe('success')
  })

  it('answer an unchanged state after the wait, and refuse a version that is not there yet', async () => {
    const { buildId, state } = await start('gateway unchanged', { wishes: [] })
    expect(await builds.awaitChange(buildId, state.version, 50)).toEqual(state)
    const ahead = builds.awaitChange(buildId, state.version + 1, 50)
    await expect(ahead).rejects.toMatchObject({ code: 'invalid_request' })
    await builds.finish(buildId, 'canceled')
  })

  it('are not found where they never were', async () => {
    const buildId = BuildId.parse('A'.repeat(43))
    const calls = [
      () => builds.state(buildId),
      () => builds.awaitChange(buildId, 0, 50),
      () => builds.connect(buildId, { platform }, 50),
      () => builds.finish(buildId, 'success'),
      () => builds.projectOf(buildId),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'build_not_found' })
  })

  it('have ended when somebody terminated their workflow, whatever it last said', async () => {
    const { buildId } = await start('gateway terminated', { wishes: [] })
    await temporal.client.workflow.getHandle(`build-${buildId}`).terminate('by an operator')
    for (const state of [await builds.state(buildId), await builds.awaitChange(buildId, 0, waitMs)]) {
      expect(state).toMatchObject({ buildId, phase: 'ended', outcome: 'failed', platforms: [] })
    }
    await builds.finish(buildId, 'success')
  })

  it('are found by their relationship while they run', async () => {
    const relationshipId = RelationshipId.parse(`trl_${'c'.repeat(16)}`)
    const { buildId } = await start('gateway listed', { relationshipId, wishes: [] })
    const { buildId: other } = await start('gateway listed too', { relationshipId, wishes: [] })
    const running = () => builds.running(relationshipId)
    await waitUntil('both are listed', async () => (await running()).length === 2, { msMax })
    await builds.finish(buildId, 'canceled')
    await waitUntil('one is listed', async () => (await running()).join() === other, { msMax })
    await builds.finish(other, 'canceled')
    expect(await builds.running(RelationshipId.parse(`trl_${'d'.repeat(16)}`))).toEqual([])
  })

  it('give up a start whose client goes away', async () => {
    const of = script('gateway gone')
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    of.inspect = () => {
      resolve()
      return untilCancelled()
    }
    const gone = new AbortController()
    const started = builds.start(of.spec, gone.signal)
    await asked
    gone.abort()
    await expect(started).rejects.toMatchObject({ code: 'temporarily_unavailable' })
    await builds.finish(of.spec.buildId, 'canceled')
  })
})
