import { expect } from 'vitest'
import { buildOn, probeImage } from './build-on.ts'
import { boundedSignal, type ConformanceSuite, eventually, type Requirements } from './conformance-suite.ts'
import { someBuilderId, someBuilderSpec, someProjectId } from './driver-harness.ts'
import { scarceMemoryBytes } from './real-builder.ts'

/** When `create` is cancelled, ms after it began: before, between and after the steps of a real driver. */
const cancelledAfterMs = [0, 15, 40, 80, 150, 250, 400]

const leavesNothingWhenCancelled = (ms: number) => async (suite: ConformanceSuite) => {
  const { driver } = suite
  const spec = someBuilderSpec()
  const outcome = await driver.create(spec, AbortSignal.timeout(ms)).then(
    () => 'created',
    () => 'cancelled',
  )
  if (outcome === 'created') await driver.destroy(spec.builderId, boundedSignal())
  expect(await driver.inventory(spec.builderId, boundedSignal())).toEqual([])
}

export const lifeRequirements: Requirements = {
  'serves, can be listed, and leaves nothing when it is destroyed': async suite => {
    const { driver } = suite
    const builder = await suite.create()
    await suite.expectServes(builder)
    expect(await driver.list(boundedSignal())).toEqual([builder.id])
    expect(await driver.inventory(builder.id, boundedSignal())).toContainEqual(expect.stringMatching(/^process \d+ /))
    await driver.destroy(builder.id, boundedSignal())
    expect(await driver.inventory(builder.id, boundedSignal())).toEqual([])
    expect(await driver.list(boundedSignal())).toEqual([])
  },

  'may be destroyed twice, at once and one after the other, and when it never was': async suite => {
    const { driver } = suite
    const { id } = await suite.create()
    await Promise.all([driver.destroy(id, boundedSignal()), driver.destroy(id, boundedSignal())])
    await driver.destroy(id, boundedSignal())
    await driver.destroy(someBuilderId(), boundedSignal())
    expect(await driver.list(boundedSignal())).toEqual([])
  },

  'is not created twice under one id, and the attempt does not hurt the first': async suite => {
    const builder = await suite.create()
    await expect(suite.driver.create(builder.spec, boundedSignal())).rejects.toThrow()
    await suite.expectServes(builder)
  },

  ...Object.fromEntries(
    cancelledAfterMs.map(ms => [`leaves nothing when it is cancelled after ${ms} ms`, leavesNothingWhenCancelled(ms)]),
  ),

  'of an earlier process is found and destroyed by a new one': async suite => {
    const { id } = await suite.create()
    suite.restart()
    expect(await suite.driver.list(boundedSignal())).toEqual([id])
    await suite.driver.destroy(id, boundedSignal())
    expect(await suite.driver.inventory(id, boundedSignal())).toEqual([])
  },

  'says that it ended by itself when it is killed': async suite => {
    const builder = await suite.create()
    await suite.harness.kill(builder.id)
    expect(await builder.ended).toEqual({ lossReason: 'ended_by_itself', detail: expect.any(String) })
    await eventually(async () => expect(await suite.pidOf(builder.id, '')).toBeNaN(), 5_000)
  },

  'says that it ran out of memory when the kernel ends it for that': async suite => {
    const { limits } = someBuilderSpec()
    const builder = await suite.create({ limits: { ...limits, memoryBytes: scarceMemoryBytes } })
    await suite.harness.exhaustMemory(builder.id)
    expect(await builder.ended).toEqual({ lossReason: 'out_of_memory', detail: expect.any(String) })
  },

  'ends by itself when its time is over': async suite => {
    const builder = await suite.create({ endsAtMs: Date.now() + 2_000 })
    expect(await builder.ended).toEqual({ lossReason: 'ended_by_itself', detail: 'its time was over' })
    expect(await suite.pidOf(builder.id, '')).toBeNaN()
  },

  'has its project’s state for itself, and the next one has it after it': async suite => {
    const ofProject = { kind: { class: 'project', projectId: someProjectId() } } as const
    const first = await suite.create(ofProject)
    await expect(suite.create(ofProject)).rejects.toThrow()
    await suite.expectServes(first)
    await suite.driver.destroy(first.id, boundedSignal())
    await suite.expectServes(await suite.create(ofProject))
  },

  'that is gone is told from its project’s next one, and destroying it again does not hurt that': async suite => {
    const ofProject = { kind: { class: 'project', projectId: someProjectId() } } as const
    const first = await suite.create(ofProject)
    await suite.driver.destroy(first.id, boundedSignal())
    const next = await suite.create(ofProject)
    expect(await suite.driver.inventory(first.id, boundedSignal())).toEqual([])
    await suite.driver.destroy(first.id, boundedSignal())
    await suite.expectServes(next)
  },
}

export const runningBuildRequirements: Requirements = {
  'has its processes, cgroups, loop device and files in its inventory': async suite => {
    const { id } = await suite.create()
    const traces = (await suite.driver.inventory(id, boundedSignal())).join('\n')
    for (const kind of ['process', 'cgroup', 'loop', 'file']) expect(traces).toMatch(new RegExp(`^${kind} `, 'm'))
  },

  'is destroyed with a client attached in the middle of a RUN, and sooner than the RUN would end': async suite => {
    const builder = await suite.create()
    const [building] = await suite.buildInRun(builder)
    const startedMs = performance.now()
    await suite.driver.destroy(builder.id, boundedSignal())
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect((await building)?.code).not.toBe(0)
  },

  'ends its RUN, too, when BuildKit is killed': async suite => {
    const builder = await suite.create()
    const [building] = await suite.buildInRun(builder)
    await suite.harness.kill(builder.id)
    expect(await builder.ended).toMatchObject({ lossReason: 'ended_by_itself' })
    await eventually(async () => expect(await suite.pidOf(builder.id, 'probe')).toBeNaN(), 5_000)
    expect((await building)?.code).not.toBe(0)
  },

  'ends in the middle of a RUN when its time is over, with nobody to end it': async suite => {
    const builder = await suite.create({ endsAtMs: Date.now() + 3_000 })
    const building = suite.build(builder, ['sleep', '600'])
    await builder.ended
    // The kernel ends what is left of a process namespace after its first process.
    await eventually(async () => expect(await suite.pidOf(builder.id, '')).toBeNaN(), 5_000)
    expect((await building).code).not.toBe(0)
  },

  'runs the programs of a platform that the machine emulates, and builds for it without being asked to':
    async suite => {
      await using _ = await suite.buildkit.emulate()
      const { buildctl, probeEmulated } = suite.buildkit.programs
      const builder = await suite.create({ platform: 'linux/arm64' })
      const done = await buildOn(buildctl, builder.endpoint, probeImage(probeEmulated, ['whoami']))
      expect(done, done.output).toMatchObject({ code: 0, output: expect.stringContaining('{"architecture":"arm64"') })
    },
}
