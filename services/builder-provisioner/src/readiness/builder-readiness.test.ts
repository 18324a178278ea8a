import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { systemClock } from '@forkproof/infra/clock'
import { describe, expect, it } from 'vitest'
import { builderReadiness } from './builder-readiness.ts'
import { OpSchema, SolveRequestSchema } from './generated-messages.ts'
import { answersWith, openFakeBuildKit, socketFolder } from './testing/fake-buildkit.ts'

const never = new AbortController().signal

const nobodyKnows = () => Promise.reject(new Error('ENOTFOUND'))

async function harness(change: Parameters<typeof answersWith>[0] = {}) {
  const at = await socketFolder()
  const standIn = await openFakeBuildKit(at.socketPath, answersWith(change))
  const probePath = join(at.folder, 'probe')
  await writeFile(probePath, 'a probe')
  let targets = ['192.0.2.1:80']
  const checkReady = builderReadiness({
    probePath: () => probePath,
    targets: () => targets,
    find: nobodyKnows,
    clock: systemClock,
  })
  return {
    standIn,
    probePath,
    targetsAre: (list: string[]) => {
      targets = list
    },
    check: (signal = never) => checkReady({ endpoint: at.endpoint, platform: 'linux/amd64', egress: 'none' }, signal),
    [Symbol.asyncDispose]: async () => {
      await standIn[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    },
  }
}

describe('a builder’s readiness', () => {
  it('is health and a canary over one connection, with the time of each', async () => {
    await using it = await harness()
    const { startMs, canaryMs } = await it.check()
    expect([startMs >= 0, canaryMs > 0]).toEqual([true, true])
    expect([...it.standIn.attempts.keys()].map(path => path.split('/').at(-1)).toSorted()).toEqual([
      'Check',
      'ListWorkers',
      'Solve',
      'Status',
    ])
    // The other is the one that finds out whether anybody listens.
    expect(it.standIn.connections()).toBe(2)
  })

  it('is checked with the targets of the time', async () => {
    const asked: string[] = []
    await using it = await harness({
      solve: (_attempt, bytes) => {
        const [, run] = fromBinary(SolveRequestSchema, bytes).definition?.def ?? []
        const { op } = fromBinary(OpSchema, run ?? new Uint8Array())
        asked.push(...((op.case === 'exec' && op.value.meta?.env) || []))
        return Buffer.alloc(0)
      },
    })
    await it.check()
    it.targetsAre(['198.51.100.1:1'])
    await it.check()
    expect(asked).toEqual(['TARGETS=192.0.2.1:80', 'TARGETS=198.51.100.1:1'])
  })

  it('is not given for health alone', async () => {
    await using it = await harness({ solve: () => ({ fails: 'no' }) })
    await expect(it.check()).rejects.toMatchObject({ code: 'builder_not_ready' })
  })

  it('is tried again with a probe that could not be read before', async () => {
    await using it = await harness()
    await rm(it.probePath)
    await expect(it.check()).rejects.toMatchObject({ code: 'ENOENT' })
    await mkdir(it.probePath)
    await expect(it.check()).rejects.toMatchObject({ code: 'EISDIR' })
    await rm(it.probePath, { recursive: true })
    await writeFile(it.probePath, 'a probe')
    await expect(it.check()).resolves.toBeDefined()
  })

  it('is not given while a name among the targets is unknown', async () => {
    await using it = await harness()
    it.targetsAre(['bus.example:4222'])
    await expect(it.check()).rejects.toMatchObject({
      code: 'builder_not_ready',
      cause: { message: expect.stringContaining('bus.example:4222') },
    })
    expect([...it.standIn.attempts.keys()].filter(path => path.endsWith('Solve'))).toEqual([])
  })

  it('is not checked any more when the caller gives up', async () => {
    await using it = await harness()
    await expect(it.check(AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up')
    expect(it.standIn.attempts.size).toBe(0)
  })
})
