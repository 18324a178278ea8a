import type { BuildSpec } from '@forkproof/contracts/build-spec'
import { eventsOf, otherNode, sampleBuild } from '@forkproof/workflows/builds/testing/sample-build'
import { ApplicationFailure } from '@temporalio/client'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  clingingNode,
  historyProblems,
  openScriptedBuildHarness,
  type ScriptedBuild,
  silentNode,
  willingNode,
} from '../testing/scripted-build-harness.ts'
import { openTemporalHarness } from '../testing/temporal-harness.ts'
import { waitUntil } from '../testing/wait-until.ts'

const platform = 'linux/amd64'
let scripted: Awaited<ReturnType<typeof openScriptedBuildHarness>>

beforeAll(async () => {
  const temporal = await openTemporalHarness()
  scripted = await openScriptedBuildHarness(temporal)
  await scripted.orchestrate()
})

const build = (name: string, changes: Partial<BuildSpec> = {}) => scripted.make(sampleBuild(name, changes))
const requested = (of: ScriptedBuild) => waitUntil('requested', () => of.kinds.includes('requested'), { msMax: 20_000 })
const sampleLease = '99999999-9999-4999-8999-999999999999' as Parameters<typeof eventsOf>[0]['leaseId']

describe.concurrent('a build', () => {
  it('is confirmed, requested, ready, finished, released, and ends with the receipt', async () => {
    const of = await build('plain').start()
    const ready = await of.isReady()
    expect(ready).toMatchObject({ phase: 'active', platforms: [{ platform, state: 'ready', nodeId: 'node-1' }] })
    await of.finish()
    const state = await of.result()
    expect(state).toMatchObject({
      phase: 'ended',
      outcome: 'success',
      platforms: [{ state: 'destroyed', reason: 'finished', receipt: { leftovers: [] } }],
    })
    expect(state.version).toBeGreaterThan(ready.version)
    const [request, release] = of.commands
    const { buildId, sealKey, expiresAtMs, createdAtMs } = of.spec
    expect(request).toMatchObject({
      id: `${request?.data.leaseId}:requested`,
      subject: buildId,
      data: { platform, sealKey, builderClass: 'ephemeral', egress: 'none', leaseEndsAtMs: expiresAtMs },
    })
    const queueEndsAtMs = request?.type === 'forkproof.builder.requested.v1' ? request.data.expiresAtMs : 0
    expect(queueEndsAtMs - createdAtMs).toBeGreaterThanOrEqual(300_000)
    expect(release).toMatchObject({ data: { leaseId: request?.data.leaseId, nodeId: 'node-1', reason: 'finished' } })
    expect(of.commands).toHaveLength(2)
  })

  it('of a run that may not build is refused, and gives back unused what it had asked for', async () => {
    const of = build('refused')
    of.inspect = async () => ({ outcome: 'refused', reason: 'run_not_in_progress', detail: 'the run is completed' })
    await of.start()
    expect(await of.result()).toMatchObject({
      phase: 'ended',
      outcome: 'refused',
      reason: 'run_not_in_progress',
      platforms: [{ state: 'destroyed', reason: 'not_wanted', receipt: { leftovers: [] } }],
    })
    expect(of.kinds).toEqual(['requested', 'released'])
  })

  it('without a verifier is refused in bounded time', async () => {
    const of = build('no verifier')
    of.inspect = () => Promise.reject(new Error('on fire'))
    await of.start()
    expect(await of.result()).toMatchObject({ outcome: 'refused', reason: 'github_unavailable' })
  })

  it('is not moved by events that are doubled, late, of other leases or of other builds', async () => {
    const of = build('odd events')
    of.node = async (command, self) => {
      const from = eventsOf(command.data)
      if (command.type === 'forkproof.builder.released.v1') {
        await self.signal(from.destroyed('finished'), from.destroyed('finished'), from.ready())
        return
      }
      const foreign = eventsOf({ ...command.data, buildId: sampleBuild('another').buildId })
      const stray = eventsOf({ ...command.data, leaseId: sampleLease })
      await self.signal(foreign.failed('builder_lost', false), stray.destroyed('time_up'))
      await self.signal(from.ready(), from.ready(), from.accepted(3), from.accepted(0))
    }
    await of.start()
    await of.isReady()
    await of.finish()
    expect(await of.result()).toMatchObject({ outcome: 'success', platforms: [{ state: 'destroyed' }] })
    expect(of.kinds).toEqual(['requested', 'released'])
  })

  it('asks again, under another lease, for a builder that failed before it was ready', async () => {
    const of = build('retried')
    of.node = async (command, self) => {
      if (self.kinds.length < 3) await self.signal(eventsOf(command.data).failed('builder_not_ready', true))
      else await willingNode(command, self)
    }
    await of.start()
    await of.isReady()
    expect(new Set(of.commands.map(({ data }) => data.leaseId)).size).toBe(3)
    await of.finish()
    expect(await of.result()).toMatchObject({ outcome: 'success' })
  })

  it.each([
    ['after three tries', true, 3],
    ['at once where trying again is useless', false, 1],
  ])('fails when every builder fails, %s', async (name, retryable, tries) => {
    const of = build(name)
    of.node = (command, self) => self.signal(eventsOf(command.data).failed('builder_not_ready', retryable))
    await of.start()
    expect(await of.result()).toMatchObject({
      outcome: 'failed',
      reason: 'builder_not_ready',
      platforms: [{ state: 'failed', reason: 'builder_not_ready' }],
    })
    expect(of.kinds).toEqual(Array.from({ length: tries }, () => 'requested'))
  })

  it('goes on while one of its platforms lives', async () => {
    const of = build('half', { wishes: [{ platform }, { platform: 'linux/arm64' }] })
    of.node = async (command, self) => {
      if (command.data.platform === platform) await willingNode(command, self)
      else await self.signal(eventsOf(command.data).failed('platform_unavailable', false))
    }
    await of.start()
    await of.until(({ platforms }) => platforms.every(({ state }) => state === 'ready' || state === 'failed'))
    expect(await of.awaitChange({ knownVersion: 0, waitMs: 0 })).toMatchObject({ phase: 'active' })
    await of.finish('error')
    expect(await of.result()).toMatchObject({
      outcome: 'error',
      platforms: [{ state: 'destroyed' }, { state: 'failed' }],
    })
  })

  it.each(['client_gone', 'time_up'] as const)('ends when its node says %s, and releases nothing', async reason => {
    const of = await build(`node says ${reason}`).start()
    await of.isReady()
    await of.signal(of.newestEvents.destroyed(reason))
    expect(await of.result()).toMatchObject({ outcome: reason, platforms: [{ state: 'destroyed', reason }] })
    expect(of.kinds).toEqual(['requested'])
  })

  it('fails when its builder is lost in the middle', async () => {
    const of = await build('lost').start()
    await of.isReady()
    await of.signal(of.newestEvents.destroyed('builder_lost'))
    expect(await of.result()).toMatchObject({ outcome: 'failed', reason: 'builder_lost' })
    expect(of.kinds).toEqual(['requested'])
  })

  it('ends with its run', async () => {
    const of = build('run over')
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    of.watch = async () => {
      await over
      return { reason: 'attempt_not_latest', detail: 'the latest is 2' }
    }
    await of.start()
    await of.isReady()
    end()
    expect(await of.result()).toMatchObject({ outcome: 'run_over', reason: 'attempt_not_latest' })
    expect(of.commands.at(-1)).toMatchObject({ data: { reason: 'run_over' } })
  })

  it('goes on when the watch of its run fails, and watches again', async () => {
    const of = build('watch fails')
    let watches = 0
    of.watch = async () => {
      watches += 1
      if (watches < 3) throw new Error('verifier restarted')
      return { reason: 'run_not_in_progress' }
    }
    await of.start()
    expect(await of.result()).toMatchObject({ outcome: 'run_over' })
    expect(watches).toBe(3)
  })

  it('ends when its time is up', async () => {
    const of = await build('time up', { expiresAtMs: Date.now() + 20_000 }).start()
    expect(await of.result()).toMatchObject({
      outcome: 'time_up',
      platforms: [{ state: 'destroyed', reason: 'time_up' }],
    })
  })

  it('counts only the first reason to end', async () => {
    const of = build('first reason')
    of.node = clingingNode
    await of.start()
    await of.isReady()
    await of.finish('error')
    await of.finish('success')
    await of.handle.cancel()
    await waitUntil('released', () => of.kinds.includes('released'), { msMax: 10_000 })
    await of.signal(of.newestEvents.destroyed('finished'))
    expect(await of.result()).toMatchObject({ outcome: 'error' })
  })

  it('releases both nodes of a request that two took, and waits for both', async () => {
    const of = build('two nodes')
    of.node = silentNode
    await of.start()
    await requested(of)
    const [command] = of.commands
    if (!command) throw new Error('nothing was requested')
    const [first, second] = [eventsOf(command.data), eventsOf(command.data, otherNode)]
    await of.signal(first.accepted(), second.accepted(), second.ready())
    await waitUntil('the slower one released', () => of.commands.length === 2, { msMax: 10_000 })
    expect(of.commands[1]).toMatchObject({ data: { nodeId: 'node-1', reason: 'not_wanted' } })
    await of.signal(first.destroyed('not_wanted'))
    await of.finish()
    await waitUntil('the other released', () => of.commands.length === 3, { msMax: 10_000 })
    await of.signal(second.destroyed('finished'))
    expect(await of.result()).toMatchObject({ outcome: 'success', platforms: [{ receipt: { nodeId: 'node-2' } }] })
    expect(new Set(of.commands.map(({ id }) => id)).size).toBe(3)
  })

  it('gives back what is accepted only after it ended', async () => {
    const of = build('late node')
    of.node = (command, self) =>
      command.type === 'forkproof.builder.released.v1' ? willingNode(command, self) : silentNode()
    await of.start()
    await requested(of)
    await of.finish('canceled')
    await of.until(({ phase }) => phase === 'ending')
    await of.signal(of.newestEvents.accepted())
    expect(await of.result()).toMatchObject({ outcome: 'canceled', platforms: [{ state: 'destroyed' }] })
  })

  it('that no node answers ends when its requests are void', async () => {
    const of = build('nobody', { expiresAtMs: Date.now() + 20_000 })
    of.node = silentNode
    await of.start()
    expect(await of.result()).toMatchObject({ phase: 'ended', outcome: 'time_up' })
    expect(of.kinds).toEqual(['requested'])
  })

  it('sends a command again after a fault of the bus', async () => {
    const of = build('bus fault')
    let faults = 0
    of.beforeStored = async () => {
      if (++faults <= 4) throw new Error('bus away')
    }
    await of.start()
    await of.isReady()
    expect(of.kinds).toEqual(['requested'])
    await of.finish()
    await of.result()
  })

  it('answers while the bus is away, and ends without a lease that was never sent', async () => {
    const of = build('bus away', { expiresAtMs: Date.now() + 20_000 })
    of.beforeStored = () => Promise.reject(new Error('bus away'))
    await of.start()
    const state = await of.awaitChange({ knownVersion: 0, waitMs: 0, leaving: 'confirming' })
    expect(state.platforms).toMatchObject([{ state: 'requested' }])
    expect(await of.result()).toMatchObject({ phase: 'ended', outcome: expect.stringMatching(/time_up|failed/) })
  })

  it('fails a platform whose request is malformed', async () => {
    const of = build('malformed', { wishes: [{ platform, certificateRequest: 'no request' }] })
    of.beforeStored = () => Promise.reject(ApplicationFailure.nonRetryable('malformed', 'invalid_command'))
    await of.start()
    expect(await of.result()).toMatchObject({ outcome: 'failed', reason: 'certificate_request_invalid' })
  })
})

describe('the histories of all these builds', () => {
  it('hold no failed task, and replay', async () => {
    expect(await historyProblems(scripted.builds)).toEqual([])
  })
})
