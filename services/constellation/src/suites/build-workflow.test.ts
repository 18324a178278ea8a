import { fileURLToPath } from 'node:url'
import type { BuildOrder } from '@forkproof/contracts/build'
import { buildTaskQueue } from '@forkproof/workflows/build/api'
import { eventsOf, otherNode, sampleBuild } from '@forkproof/workflows/build/testing/sample-build'
import { inspectWorkflow } from '@forkproof/workflows/inspect/api'
import { ApplicationFailure, WorkflowUpdateFailedError } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { beforeAll, describe, expect, it } from 'vitest'
import { openTemporal, type TestTemporal } from './testing/open-temporal.ts'
import {
  openScriptedBuilds,
  runningRun,
  type ScriptedBuild,
  untilCancelled,
  willing,
} from './testing/scripted-builds.ts'
import { until } from './testing/until.ts'

const platform = 'linux/amd64'
/** WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND of Temporal's API. */
const unhandledCommand = 1
let temporal: TestTemporal
let scripted: Awaited<ReturnType<typeof openScriptedBuilds>>
let stopOrchestrator: () => Promise<void>

beforeAll(async () => {
  temporal = await openTemporal()
  scripted = await openScriptedBuilds(temporal)
  stopOrchestrator = await scripted.orchestrate()
})

const build = (name: string, changes: Partial<BuildOrder> = {}) => scripted.make(sampleBuild(name, changes))
const settled = (of: ScriptedBuild) => of.until(({ phase }) => phase === 'ended')
const requested = (of: ScriptedBuild, count = 1) =>
  until('requested', () => of.kinds.filter(kind => kind === 'requested').length >= count, { msMax: 20_000 })
const lastEvents = (of: ScriptedBuild) => {
  const command = of.commands.findLast(({ type }) => type === 'forkproof.builder.requested.v1')
  if (!command) throw new Error('nothing was requested')
  return eventsOf(command.data)
}
const silent = async () => undefined

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
    const { buildId, sealKey, expiresAtMs, createdAtMs } = of.order
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

  it('of a run that may not build is refused and asks for nothing', async () => {
    const of = build('refused')
    of.inspect = async () => ({ outcome: 'refused', reason: 'run_not_in_progress', detail: 'the run is completed' })
    await of.start()
    expect(await of.result()).toMatchObject({ phase: 'ended', outcome: 'refused', reason: 'run_not_in_progress' })
    expect(of.commands).toEqual([])
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
      else await willing(command, self)
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
      if (command.data.platform === platform) await willing(command, self)
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
    await of.signal(lastEvents(of).destroyed(reason))
    expect(await of.result()).toMatchObject({ outcome: reason, platforms: [{ state: 'destroyed', reason }] })
    expect(of.kinds).toEqual(['requested'])
  })

  it('fails when its builder is lost in the middle', async () => {
    const of = await build('lost').start()
    await of.isReady()
    await of.signal(lastEvents(of).destroyed('builder_lost'))
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
    of.node = (command, self) => (command.type === 'forkproof.builder.released.v1' ? silent() : willing(command, self))
    await of.start()
    await of.isReady()
    await of.finish('error')
    await of.finish('success')
    await of.handle.cancel()
    await until('released', () => of.kinds.includes('released'), { msMax: 10_000 })
    await of.signal(lastEvents(of).destroyed('finished'))
    expect(await of.result()).toMatchObject({ outcome: 'error' })
  })

  it('releases both nodes of a request that two took, and waits for both', async () => {
    const of = build('two nodes')
    of.node = silent
    await of.start()
    await requested(of)
    const [command] = of.commands
    if (!command) throw new Error('nothing was requested')
    const [first, second] = [eventsOf(command.data), eventsOf(command.data, otherNode)]
    await of.signal(first.accepted(), second.accepted(), second.ready())
    await until('the slower one released', () => of.commands.length === 2, { msMax: 10_000 })
    expect(of.commands[1]).toMatchObject({ data: { nodeId: 'node-1', reason: 'not_wanted' } })
    await of.signal(first.destroyed('not_wanted'))
    await of.finish()
    await until('the other released', () => of.commands.length === 3, { msMax: 10_000 })
    await of.signal(second.destroyed('finished'))
    expect(await of.result()).toMatchObject({ outcome: 'success', platforms: [{ receipt: { nodeId: 'node-2' } }] })
    expect(new Set(of.commands.map(({ id }) => id)).size).toBe(3)
  })

  it('gives back what is accepted only after it ended', async () => {
    const of = build('late node')
    of.node = (command, self) => (command.type === 'forkproof.builder.released.v1' ? willing(command, self) : silent())
    await of.start()
    await requested(of)
    await of.finish('canceled')
    await of.until(({ phase }) => phase === 'ending')
    await of.signal(lastEvents(of).accepted())
    expect(await of.result()).toMatchObject({ outcome: 'canceled', platforms: [{ state: 'destroyed' }] })
  })

  it('that no node answers ends when its requests are void', async () => {
    const of = build('nobody', { expiresAtMs: Date.now() + 20_000 })
    of.node = silent
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

const sampleLease = '99999999-9999-4999-8999-999999999999' as Parameters<typeof eventsOf>[0]['leaseId']

describe.concurrent('a cancelled build', () => {
  it('that was not confirmed yet ends at once and asks for nothing', async () => {
    const of = build('cancelled confirming')
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    of.inspect = () => {
      resolve()
      return untilCancelled()
    }
    await of.start()
    await asked
    await of.handle.cancel()
    expect(await of.result()).toMatchObject({ phase: 'ended', outcome: 'canceled' })
    expect(of.commands).toEqual([])
  })

  it('that waits in a queue gives its place back', async () => {
    const of = build('cancelled queued')
    of.node = async (command, self) => {
      const from = eventsOf(command.data)
      if (command.type === 'forkproof.builder.requested.v1') await self.signal(from.accepted(7))
      else await self.signal(from.failed('no_capacity', false))
    }
    await of.start()
    await of.until(({ platforms }) => platforms[0]?.state === 'queued')
    await of.handle.cancel()
    expect(await of.result()).toMatchObject({ outcome: 'canceled', platforms: [{ state: 'failed' }] })
    expect(of.commands.at(-1)).toMatchObject({ data: { nodeId: 'node-1', reason: 'canceled' } })
  })

  it('that is ready tears its builder down, and ends completed with the receipt', async () => {
    const of = await build('cancelled ready').start()
    await of.isReady()
    await of.handle.cancel()
    expect(await of.result()).toMatchObject({
      outcome: 'canceled',
      platforms: [{ state: 'destroyed', reason: 'canceled' }],
    })
    expect((await of.handle.describe()).status.name).toBe('COMPLETED')
  })

  it('still answers who waits for it', async () => {
    const of = build('cancelled awaited')
    of.node = (command, self) => (command.type === 'forkproof.builder.released.v1' ? silent() : willing(command, self))
    await of.start()
    const ready = await of.isReady()
    const waiting = of.awaitChange({ knownVersion: ready.version, waitMs: 20_000 })
    await of.handle.cancel()
    const ending = await waiting
    expect(ending).toMatchObject({ phase: 'ending', outcome: 'canceled' })
    const later = of.awaitChange({ knownVersion: ending.version, waitMs: 20_000 })
    await of.signal(lastEvents(of).destroyed('canceled'))
    expect((await later).version).toBeGreaterThan(ending.version)
    await of.result()
  })
})

describe.concurrent('who waits for a build', () => {
  it('gets the unchanged state when the time is over', async () => {
    const of = await build('unchanged').start()
    const { version } = await of.isReady()
    expect(await of.awaitChange({ knownVersion: version, waitMs: 300 })).toMatchObject({ version, phase: 'active' })
    await of.finish()
    await of.result()
  })

  it('hears at once that it was confirmed or refused', async () => {
    const of = build('leaving')
    const { promise, resolve } = Promise.withResolvers<void>()
    of.inspect = async () => {
      await promise
      return { outcome: 'refused', reason: 'not_a_fork' }
    }
    await of.start()
    const waiting = of.awaitChange({ knownVersion: 0, waitMs: 20_000, leaving: 'confirming' })
    resolve()
    expect(await waiting).toMatchObject({ outcome: 'refused', reason: 'not_a_fork' })
    await of.result()
  })

  it.each<[string, (of: ScriptedBuild) => Promise<unknown>, string]>([
    ['too long', of => of.awaitChange({ knownVersion: 0, waitMs: 60_000 }), 'invalid_request'],
    ['a version to come', of => of.awaitChange({ knownVersion: 1_000, waitMs: 0 }), 'invalid_request'],
    [
      'an unknown platform',
      of => of.connect({ platform: 'plan9/mips' as 'linux/amd64', waitMs: 0 }),
      'platform_not_granted',
    ],
  ])('for %s is rejected, which leaves nothing in the history', async (name, asking, type) => {
    const of = await build(`rejected ${name}`).start()
    await of.isReady()
    const lengthOf = async () => (await of.handle.describe()).historyLength
    const before = await lengthOf()
    const failure = await asking(of).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(WorkflowUpdateFailedError)
    expect(failure).toMatchObject({ cause: { type } })
    expect(await lengthOf()).toBe(before)
    await of.finish()
    await of.result()
  })

  it('can look without leaving anything in the history', async () => {
    const of = await build('looked at').start()
    await of.isReady()
    expect(await of.handle.query('state')).toMatchObject({ phase: 'active', platforms: [{ state: 'ready' }] })
    await of.finish()
    await of.result()
  })
})

describe.concurrent('connect', () => {
  it('asks for a platform that was not asked for, once, and waits for it', async () => {
    const of = await build('connected', { wishes: [] }).start()
    const [one, two] = await Promise.all([
      of.connect({ platform, waitMs: 10_000, certificateRequest: 'request' }),
      of.connect({ platform, waitMs: 10_000 }),
    ])
    expect(one.platforms).toMatchObject([{ platform, state: 'ready' }])
    expect(two.platforms).toHaveLength(1)
    expect(of.commands).toMatchObject([{ data: { platform } }])
    await of.finish()
    expect(await of.result()).toMatchObject({ outcome: 'success' })
  })

  it('before the run is confirmed is remembered until then', async () => {
    const of = build('connected early', { wishes: [] })
    const { promise, resolve } = Promise.withResolvers<void>()
    of.inspect = async () => {
      await promise
      return runningRun
    }
    await of.start()
    expect(await of.connect({ platform, waitMs: 0 })).toMatchObject({ phase: 'confirming' })
    expect(of.commands).toEqual([])
    resolve()
    await of.isReady()
    await of.finish()
    await of.result()
  })

  it('to a build that ends asks for nothing and answers its state', async () => {
    const of = build('connected late')
    of.node = (command, self) => (command.type === 'forkproof.builder.released.v1' ? silent() : willing(command, self))
    await of.start()
    await of.isReady()
    await of.finish()
    await of.until(({ phase }) => phase === 'ending')
    const state = await of.connect({ platform: 'linux/arm64', waitMs: 20_000 })
    expect(state).toMatchObject({ phase: 'ending', platforms: [{ platform }] })
    await of.signal(lastEvents(of).destroyed('finished'))
    await of.result()
  })
})

describe.concurrent('ops', () => {
  it('find builds by project, relationship, state and reason', async () => {
    const of = build('searched')
    of.inspect = async () => ({ outcome: 'refused', reason: 'head_repository_gone' })
    await of.start()
    await of.result()
    const find = async () =>
      (await temporal.client.workflow.count(`ForkproofState = 'refused' AND ForkproofReason = 'head_repository_gone'`))
        .count
    await until('found', async () => (await find()) === 1, { msMax: 10_000 })
    const bySettings = `ForkproofProject = 'x' OR ForkproofRelationship = 'x'`
    expect((await temporal.client.workflow.count(bySettings)).count).toBe(0)
  })

  it('ask about a run through the workflow inspect', async () => {
    const of = build('inspected')
    const inspection = await temporal.client.workflow.execute(inspectWorkflow, {
      taskQueue: buildTaskQueue,
      workflowId: 'inspect-1',
      args: [of.order.run],
    })
    expect(inspection).toEqual(runningRun)
  })
})

describe('an orchestrator that restarts', () => {
  it('goes on with every build, and does no command twice', async () => {
    const [active, ending] = [build('restart active'), build('restart ending')]
    ending.node = (command, self) =>
      command.type === 'forkproof.builder.released.v1' ? silent() : willing(command, self)
    await Promise.all([active.start(), ending.start()])
    await Promise.all([active.isReady(), ending.isReady()])
    await ending.finish()
    await until('released', () => ending.kinds.includes('released'), { msMax: 10_000 })
    await stopOrchestrator()
    await active.finish()
    await ending.signal(lastEvents(ending).destroyed('finished'))
    stopOrchestrator = await scripted.orchestrate()
    expect(await settled(active)).toMatchObject({ outcome: 'success', platforms: [{ state: 'destroyed' }] })
    expect(await ending.result()).toMatchObject({ outcome: 'success', platforms: [{ state: 'destroyed' }] })
    expect([active.kinds, ending.kinds]).toEqual([
      ['requested', 'released'],
      ['requested', 'released'],
    ])
    await active.result()
  })
})

describe('the histories of all these builds', () => {
  it('hold no failed task, and replay', async () => {
    const workflowsPath = fileURLToPath(import.meta.resolve('@forkproof/workflows/bundle'))
    const started = scripted.builds.filter(({ order }) => order.run.runId !== sampleBuild('inspected').run.runId)
    const histories = await Promise.all(
      started.map(async of => ({ workflowId: of.handle.workflowId, history: await of.handle.fetchHistory() })),
    )
    const failures = histories.flatMap(({ workflowId, history }) =>
      (history.events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
        // A signal that arrives in the very moment of closing lets the server ask once more: nothing that a workflow could avoid.
        failed && failed.cause !== unhandledCommand
          ? [`${workflowId}: ${failed.cause} ${failed.failure?.message}`]
          : [],
      ),
    )
    expect(failures).toEqual([])
    for await (const { error, workflowId } of Worker.runReplayHistories({ workflowsPath }, histories)) {
      expect([workflowId, error]).toEqual([workflowId, undefined])
    }
  })
})
