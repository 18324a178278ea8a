import type { BuildSpec } from '@forkproof/contracts/build-spec'
import type { RunInspection } from '@forkproof/contracts/inspection'
import { buildTaskQueue } from '@forkproof/workflows/builds/api'
import { eventsOf, sampleBuild } from '@forkproof/workflows/builds/testing/sample-build'
import { inspectWorkflow } from '@forkproof/workflows/inspect/api'
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  clingingNode,
  historyProblems,
  openScriptedBuildHarness,
  runningRun,
  type ScriptedBuild,
  untilCancelled,
} from '../testing/scripted-build-harness.ts'
import { openTemporalHarness, type TemporalHarness } from '../testing/temporal-harness.ts'
import { waitUntil } from '../testing/wait-until.ts'

const platform = 'linux/amd64'
let temporal: TemporalHarness
let scripted: Awaited<ReturnType<typeof openScriptedBuildHarness>>
let stopOrchestrator: () => Promise<void>

beforeAll(async () => {
  temporal = await openTemporalHarness()
  scripted = await openScriptedBuildHarness(temporal)
  stopOrchestrator = await scripted.orchestrate()
})

const build = (name: string, changes: Partial<BuildSpec> = {}) => scripted.make(sampleBuild(name, changes))

describe.concurrent('a cancelled build', () => {
  it('that was not confirmed yet ends at once and gives back what it had asked for', async () => {
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
    expect(of.kinds).toEqual(['requested', 'released'])
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
    of.node = clingingNode
    await of.start()
    const ready = await of.isReady()
    const waiting = of.awaitChange({ knownVersion: ready.version, waitMs: 20_000 })
    await of.handle.cancel()
    const ending = await waiting
    expect(ending).toMatchObject({ phase: 'ending', outcome: 'canceled' })
    const later = of.awaitChange({ knownVersion: ending.version, waitMs: 20_000 })
    await of.signal(of.newestEvents.destroyed('canceled'))
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
    // Counts one kind of event, because other events may still be on their way.
    const updates = async () =>
      (await of.handle.fetchHistory()).events?.filter(event => event.workflowExecutionUpdateAcceptedEventAttributes)
        .length
    const before = await updates()
    const failure = await asking(of).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(WorkflowUpdateFailedError)
    expect(failure).toMatchObject({ cause: { type } })
    expect(await updates()).toBe(before)
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

describe.concurrent('a builder before the run is confirmed', () => {
  it('is told to nobody', async () => {
    const of = build('not yet confirmed')
    const { promise, resolve } = Promise.withResolvers<RunInspection>()
    const served = Promise.withResolvers<void>()
    of.inspect = () => promise
    of.node = async (command, self) => {
      await clingingNode(command, self)
      served.resolve()
    }
    await of.start()
    await served.promise
    expect((await of.readState()).platforms).toEqual([{ platform, state: 'requested' }])
    resolve({ outcome: 'refused', reason: 'not_a_fork' })
    const ending = await of.until(({ phase }) => phase !== 'confirming')
    expect(JSON.stringify(ending)).not.toContain('endpoint')
    await of.signal(of.newestEvents.destroyed('not_wanted'))
    expect(await of.result()).toMatchObject({ outcome: 'refused', reason: 'not_a_fork' })
  })

  it('that fails waits for the answer, and then fails the build', async () => {
    const of = build('failed early')
    const { promise, resolve } = Promise.withResolvers<RunInspection>()
    of.inspect = () => promise
    of.node = (command, self) => self.signal(eventsOf(command.data).failed('certificate_request_invalid', false))
    await of.start()
    expect(await of.until(({ platforms }) => platforms[0]?.state === 'failed')).toMatchObject({ phase: 'confirming' })
    resolve(runningRun)
    expect(await of.result()).toMatchObject({ outcome: 'failed', reason: 'certificate_request_invalid' })
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

  it('before the run is confirmed is answered with a builder only then', async () => {
    const of = build('connected early', { wishes: [] })
    const { promise, resolve } = Promise.withResolvers<void>()
    of.inspect = async () => {
      await promise
      return runningRun
    }
    await of.start()
    const early = await of.connect({ platform, waitMs: 0 })
    expect(early).toMatchObject({ phase: 'confirming', platforms: [{ state: 'requested' }] })
    const waiting = of.connect({ platform, waitMs: 20_000 })
    resolve()
    expect((await waiting).platforms).toMatchObject([{ platform, state: 'ready' }])
    await of.finish()
    await of.result()
  })

  it('to a build that ends asks for nothing and answers its state', async () => {
    const of = build('connected late')
    of.node = clingingNode
    await of.start()
    await of.isReady()
    await of.finish()
    await of.until(({ phase }) => phase === 'ending')
    const state = await of.connect({ platform: 'linux/arm64', waitMs: 20_000 })
    expect(state).toMatchObject({ phase: 'ending', platforms: [{ platform }] })
    await of.signal(of.newestEvents.destroyed('finished'))
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
    await waitUntil('found', async () => (await find()) === 1, { msMax: 10_000 })
    const bySettings = `ForkproofProject = 'x' OR ForkproofRelationship = 'x'`
    expect((await temporal.client.workflow.count(bySettings)).count).toBe(0)
  })

  it('ask about a run through the workflow inspect', async () => {
    const of = build('inspected')
    const inspection = await temporal.client.workflow.execute(inspectWorkflow, {
      taskQueue: buildTaskQueue,
      workflowId: 'inspect-1',
      args: [of.spec.run],
    })
    expect(inspection).toEqual(runningRun)
  })
})

describe('an orchestrator that restarts', () => {
  it('goes on with every build, and does no command twice', async () => {
    const [active, ending] = [build('restart active'), build('restart ending')]
    ending.node = clingingNode
    await Promise.all([active.start(), ending.start()])
    await Promise.all([active.isReady(), ending.isReady()])
    await ending.finish()
    await waitUntil('released', () => ending.kinds.includes('released'), { msMax: 10_000 })
    await stopOrchestrator()
    await active.finish()
    await ending.signal(ending.newestEvents.destroyed('finished'))
    stopOrchestrator = await scripted.orchestrate()
    expect(await active.until(({ phase }) => phase === 'ended')).toMatchObject({
      outcome: 'success',
      platforms: [{ state: 'destroyed' }],
    })
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
    expect(await historyProblems(scripted.builds)).toEqual([])
  })
})
