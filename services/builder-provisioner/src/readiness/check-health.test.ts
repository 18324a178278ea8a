import { writeFile } from 'node:fs/promises'
import { systemClock } from '@forkproof/infra/clock'
import { describe, expect, it, vi } from 'vitest'
import { checkHealth } from './check-health.ts'
import {
  answersWith,
  type FakeBuildKitAnswers,
  openFakeBuildKit,
  openImpostor,
  servingAnswers,
  socketFolder,
} from './testing/fake-buildkit.ts'

const never = new AbortController().signal
const soon = { clock: systemClock, signal: never, serveMsMax: 150 }
const patient = { clock: systemClock, signal: never }

const unready: [string, FakeBuildKitAnswers][] = [
  ['says that it does not serve', answersWith({ health: () => Buffer.from([0x08, 0x02]) })],
  ['answers the health check with nothing', answersWith({ health: () => Buffer.alloc(0) })],
  ['answers more than SERVING', answersWith({ health: () => Buffer.from([0x08, 0x01, 0x10, 0x01]) })],
  ['knows no health check', answersWith({ health: () => 'unimplemented' })],
  ['has no worker', answersWith({ workers: () => Buffer.alloc(0) })],
  ['cannot list its workers', answersWith({ workers: () => 'unimplemented' })],
  ['sends a megabyte and more', answersWith({ workers: () => Buffer.alloc(1_100_000) })],
]

describe('a builder’s health', () => {
  it('is there when it serves and has a worker', async () => {
    await using at = await socketFolder()
    await using _builder = await openFakeBuildKit(at.socketPath, servingAnswers)
    await expect(checkHealth(at.endpoint, soon)).resolves.toBeUndefined()
  })

  it('is waited for while nothing listens yet', async () => {
    await using at = await socketFolder()
    const sleep = vi.fn(systemClock.sleep)
    const ready = checkHealth(at.endpoint, { ...patient, clock: { ...systemClock, sleep } })
    await vi.waitFor(() => expect(sleep.mock.calls.length).toBeGreaterThan(2))
    await using _builder = await openFakeBuildKit(at.socketPath, servingAnswers)
    await expect(ready).resolves.toBeUndefined()
  })

  it('is waited for while the builder starts', async () => {
    await using at = await socketFolder()
    const serves = (attempt: number) => Buffer.from([0x08, attempt < 4 ? 2 : 1])
    await using builder = await openFakeBuildKit(at.socketPath, answersWith({ health: serves }))
    await checkHealth(at.endpoint, patient)
    expect([...builder.attempts.values()]).toEqual([4, 1])
  })

  it.each(unready)('is denied to a builder that %s', async (_what, answers) => {
    await using at = await socketFolder()
    await using _builder = await openFakeBuildKit(at.socketPath, answers)
    await expect(checkHealth(at.endpoint, soon)).rejects.toMatchObject({ code: 'builder_not_ready' })
  })

  it.each(['', 'HTTP/1.1 200 OK\r\n\r\n'])('is denied to an impostor that accepts and says %j', async says => {
    await using at = await socketFolder()
    await using _impostor = await openImpostor(at.socketPath, says)
    await expect(checkHealth(at.endpoint, soon)).rejects.toMatchObject({ code: 'builder_not_ready' })
  })

  it('is denied when there is a file instead of a socket', async () => {
    await using at = await socketFolder()
    await writeFile(at.socketPath, '')
    await expect(checkHealth(at.endpoint, soon)).rejects.toMatchObject({ code: 'builder_not_ready' })
  })

  it('is not waited for any more when the caller gives up, also in the middle of a call', async () => {
    await using at = await socketFolder()
    await using builder = await openFakeBuildKit(at.socketPath, answersWith({ health: () => 'silence' }))
    const reason = new Error('given up')
    const caller = new AbortController()
    const ready = checkHealth(at.endpoint, { ...patient, signal: caller.signal })
    ready.catch(() => {})
    await vi.waitFor(() => expect(builder.attempts.size).toBe(1))
    caller.abort(reason)
    await expect(ready).rejects.toBe(reason)
    await expect(checkHealth(at.endpoint, { ...patient, signal: caller.signal })).rejects.toBe(reason)
  })
})
