import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identityOf, isRunning } from './process-identity.ts'
import { acquireLock, LockHeldError, waitForLock } from './process-lock.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkproof-lock-'))
  path = join(folder, 'lock')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A process that lived and is gone, with its start time. */
async function deadProcess(): Promise<{ pid: number; startTicks: string }> {
  const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(child, 'spawn')
  const identity = identityOf(child.pid ?? 0)
  child.stdin?.end()
  await once(child, 'exit')
  return identity
}

/** What a process leaves that held the lock when it was killed. */
async function leaveLock(owner: { pid: number; startTicks: string }): Promise<void> {
  await mkdir(path, { recursive: true })
  const file = join(path, `${owner.pid}.${owner.startTicks}.${randomUUID()}`)
  await writeFile(file, '')
  await writeFile(`${file}.held`, '')
}

test('a lock is held once, and says by whom', async () => {
  const lock = await acquireLock(path)
  await expect(acquireLock(path)).rejects.toThrow(`held by process ${process.pid}`)
  await lock.release()
  await (await acquireLock(path)).release()
})

test('nothing is left of a released lock', async () => {
  const lock = await acquireLock(path)
  await lock.release()
  await lock.release()
  expect(await readdir(folder)).toEqual([])
})

test('the lock of a dead process is taken over', async () => {
  await leaveLock(await deadProcess())
  const lock = await acquireLock(path)
  await lock.release()
  expect(await readdir(folder)).toEqual([])
})

test('a pid that was given to another process does not keep the lock', async () => {
  await leaveLock({ pid: process.pid, startTicks: '1' })
  await (await acquireLock(path)).release()
})

test.each(['x', '1', '0.0.', '99999999999.1.', '-1.1.'])(
  'a file that no contender made (%j) does not keep the lock',
  async name => {
    await mkdir(path)
    await writeFile(join(path, name), '')
    await (await acquireLock(path)).release()
  },
)

test.each([1, 2, 3, 4, 5])('of many takers of one stale lock exactly one gets it (round %i)', async () => {
  await leaveLock(await deadProcess())
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(path)))
  expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(1)
  const reasons = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  expect(reasons.every(reason => reason instanceof LockHeldError)).toBe(true)
})

test('a loser leaves nothing that would stop the next one', async () => {
  const first = await acquireLock(path)
  await expect(acquireLock(path)).rejects.toThrow(LockHeldError)
  expect(await readdir(path)).toHaveLength(2)
  await first.release()
})

test('waiting ends when the owner lets go', async () => {
  const clock = new FakeClock()
  const first = await acquireLock(path)
  const waited: number[] = []
  const second = waitForLock(path, { waitMsMax: 10_000, clock, onWait: pid => waited.push(pid) })
  await expect.poll(() => clock.sleeping).toBe(1)
  await first.release()
  clock.advance(200)
  await (await second).release()
  expect(waited).toEqual([process.pid])
})

test('waiting has a bound', async () => {
  const clock = new FakeClock()
  const first = await acquireLock(path)
  const second = waitForLock(path, { waitMsMax: 150, clock })
  second.catch(() => {})
  await expect.poll(() => clock.sleeping).toBe(1)
  clock.advance(200)
  await expect(second).rejects.toThrow(LockHeldError)
  await first.release()
})

test('waiting can be given up', async () => {
  const first = await acquireLock(path)
  const abort = new AbortController()
  const second = waitForLock(path, {
    waitMsMax: 10_000,
    signal: abort.signal,
    onWait: () => abort.abort(new Error('enough')),
  })
  await expect(second).rejects.toThrow(/enough|aborted/)
  await first.release()
})

test('a process is known by pid and start time', async () => {
  expect(isRunning(identityOf(process.pid))).toBe(true)
  expect(isRunning({ pid: process.pid, startTicks: '1' })).toBe(false)
  expect(isRunning(await deadProcess())).toBe(false)
  expect(isRunning({ pid: -1, startTicks: '' })).toBe(false)
})
