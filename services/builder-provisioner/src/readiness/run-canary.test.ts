import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type BuildKitConnection, openBuildKit } from './buildkit-connection.ts'
import { canaryRequests } from './canary-request.ts'
import { SolveRequestSchema, StatusRequestSchema, StatusResponseSchema } from './generated-messages.ts'
import { runCanary } from './run-canary.ts'
import { answersWith, openFakeBuildKit, openImpostor, socketFolder } from './testing/fake-buildkit.ts'

const never = new AbortController().signal
const within = (msMax: number) => ({ timeout: msMax })
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function builderWith(change: Parameters<typeof answersWith>[0]) {
  const at = await socketFolder()
  const standIn = await openFakeBuildKit(at.socketPath, answersWith(change))
  const buildkit = openBuildKit(at.endpoint)
  closers.push(
    () => at[Symbol.asyncDispose](),
    () => standIn[Symbol.asyncDispose](),
    () => buildkit.close(),
  )
  return { standIn, buildkit }
}

const request = canaryRequests('linux/amd64', Buffer.from('a probe'))
const canary = (buildkit: BuildKitConnection) => ({ buildkit, request, targets: ['192.0.2.1:80'] })
const says = (...texts: (string | Uint8Array)[]) =>
  texts.map(text => {
    const msg = Buffer.from(text)
    return toBinary(StatusResponseSchema, create(StatusResponseSchema, { logs: [{ msg }] }))
  })
const failed = { fails: 'process "/probe unreachable" did not complete successfully: exit code: 1' }

/** Runs the canary on a builder that fails; the reason that is left for the log. */
async function reasonOf(change: Parameters<typeof answersWith>[0], msMax?: number): Promise<string> {
  const { buildkit } = await builderWith(change)
  const failure = await runCanary(canary(buildkit), never, msMax).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    code: 'builder_not_ready',
    detail: undefined,
    cause: { message: expect.any(String) },
  })
  return ((failure as Error).cause as Error).message
}

describe('a canary build', () => {
  it('passes when BuildKit says so, under the name by which its progress was asked for', async () => {
    const refs: string[] = []
    const { buildkit, standIn } = await builderWith({
      status: (_attempt, bytes) => {
        refs.push(fromBinary(StatusRequestSchema, bytes).ref)
        return 'silence'
      },
      solve: (_attempt, bytes) => {
        refs.push(fromBinary(SolveRequestSchema, bytes).ref)
        return Buffer.alloc(0)
      },
    })
    await runCanary(canary(buildkit), never)
    expect(refs).toEqual([refs[0], refs[0]])
    await vi.waitFor(() => expect(standIn.cancelled).toEqual(['Status']))
    expect(standIn.connections()).toBe(1)
  })

  it('has another name each time', async () => {
    const refs = new Set<string>()
    const { buildkit } = await builderWith({
      solve: (_attempt, bytes) => {
        refs.add(fromBinary(SolveRequestSchema, bytes).ref)
        return Buffer.alloc(0)
      },
    })
    await runCanary(canary(buildkit), never)
    await runCanary(canary(buildkit), never)
    expect(refs.size).toBe(2)
  })

  it('that fails says what the probe saw and why the step failed', async () => {
    const reason = await reasonOf({ status: () => says('reached 169.254.', '169.254:80\n'), solve: () => failed })
    expect(reason).toMatch(/^the canary build failed: reached 169\.254\.169\.254:80 \| .*exit code: 1$/)
  })

  it('that talks without end is remembered by its last words only', async () => {
    const reason = await reasonOf({
      status: () => says(...Array.from({ length: 100 }, () => 'x'.repeat(30_000)), '\nlast\n'),
      solve: () => failed,
    })
    expect(reason.length).toBeLessThan(600)
    expect(reason).toContain(' | last | ')
  })

  it.each([
    ['whose progress is unknown', () => 'unimplemented' as const],
    ['whose progress cannot be read', () => [Buffer.from([0xff, 0xff, 0xff, 0xff])]],
    ['whose progress is too large', () => [Buffer.alloc(1_100_000)]],
    ['that said nothing', () => []],
    ['that fails without a last word in time', () => 'silence' as const],
  ])('%s says at least why the step failed', async (_what, status) => {
    expect(await reasonOf({ status, solve: () => failed })).toMatch(
      /^the canary build failed: 2 UNKNOWN: process.*code: 1$/,
    )
  })

  it('cannot forge a line in the log', async () => {
    const reason = await reasonOf({ status: () => says('one\n\ntwo\r\n'), solve: () => ({ fails: 'three\nfour' }) })
    expect(reason).toBe('the canary build failed: one | two | 2 UNKNOWN: three four')
  })

  it.each([
    ['knows no builds', 'unimplemented' as const],
    ['dies midway', 'death' as const],
    ['answers more than it may', Buffer.alloc(1_100_000)],
  ])('has failed when the builder %s', async (_what, answer) => {
    expect(await reasonOf({ solve: () => answer })).toMatch(/^the canary build failed: /)
  })

  it('has failed when nobody listens, or somebody who is no BuildKit', async () => {
    await using at = await socketFolder()
    const buildkit = openBuildKit(at.endpoint)
    closers.push(() => buildkit.close())
    await expect(runCanary(canary(buildkit), never)).rejects.toMatchObject({ code: 'builder_not_ready' })
    await using _impostor = await openImpostor(at.socketPath, 'HTTP/1.1 200 OK\r\n\r\n')
    await expect(runCanary(canary(buildkit), never, 500)).rejects.toMatchObject({ code: 'builder_not_ready' })
  })

  it('that takes too long is cancelled in the builder and has failed', within(10_000), async () => {
    const { buildkit, standIn } = await builderWith({ status: () => 'silence', solve: () => 'silence' })
    await expect(runCanary(canary(buildkit), never, 300)).rejects.toMatchObject({
      code: 'builder_not_ready',
      cause: { message: 'the canary build took more than 300 ms' },
    })
    await vi.waitFor(() => expect(standIn.cancelled.toSorted()).toEqual(['Solve', 'Status']))
  })

  it('is cancelled in the builder when the caller gives up', async () => {
    const solving = Promise.withResolvers<void>()
    const { buildkit, standIn } = await builderWith({
      status: () => 'silence',
      solve: () => {
        solving.resolve()
        return 'silence'
      },
    })
    const caller = new AbortController()
    const reason = new Error('given up')
    const running = runCanary(canary(buildkit), caller.signal)
    running.catch(() => {})
    await solving.promise
    caller.abort(reason)
    await expect(running).rejects.toBe(reason)
    await vi.waitFor(() => expect(standIn.cancelled.toSorted()).toEqual(['Solve', 'Status']))
  })

  it('is not begun for a caller who has given up', async () => {
    const { buildkit, standIn } = await builderWith({})
    await expect(runCanary(canary(buildkit), AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up')
    expect(standIn.attempts.size).toBe(0)
  })

  it('whose last words are waited for ends when the caller gives up', async () => {
    const caller = new AbortController()
    const { buildkit } = await builderWith({
      status: () => 'silence',
      solve: () => {
        setImmediate(() => caller.abort(new Error('given up')))
        return failed
      },
    })
    await expect(runCanary(canary(buildkit), caller.signal)).rejects.toThrow('given up')
  })
})
