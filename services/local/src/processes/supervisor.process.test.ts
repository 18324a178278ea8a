import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { groupIsRunning, identityOf, isRunning } from './process-identity.ts'
import { readyLogLine, readyOverHttp, readyOverTcp } from './readiness.ts'
import { type ChildFailedError, type ChildSpec, Supervisor } from './supervisor.ts'

let logs = ''
let supervisor: Supervisor
beforeEach(async () => {
  logs = await mkdtemp(join(tmpdir(), 'forkproof-children-'))
  supervisor = await Supervisor.open(logs)
})
afterEach(async () => {
  await supervisor.stopAll()
  await rm(logs, { recursive: true, force: true })
})

const shell = (name: string, script: string, more: Partial<ChildSpec> = {}): ChildSpec => ({
  name,
  command: '/bin/sh',
  args: ['-c', script],
  environment: { PATH: '/usr/bin:/bin' },
  ready: readyLogLine,
  ...more,
})
const ready = `echo '{"level":30,"msg":"ready"}'`

test('a child is ready with its ready line and ends with SIGTERM', async () => {
  const child = await supervisor.start(shell('one', `${ready}; exec sleep 1000`))
  expect(supervisor.children).toEqual([child])
  await supervisor.stop(child)
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' })
  expect(supervisor.children).toEqual([])
})

test('a ready word in another line or another field does not count', async () => {
  const script = `echo 'ready'; echo '{"msg":"not ready"}'; echo '{"name":"ready"}'; echo '{"msg":"ready"'; exec sleep 1000`
  await expect(supervisor.start(shell('liar', script, { readyMsMax: 300 }))).rejects.toThrow(
    'liar was not ready within 300 ms',
  )
  expect(supervisor.children).toEqual([])
})

test('an early end is told with the exit code and the last lines', async () => {
  const failure = supervisor.start(shell('broken', 'echo starting; echo "no such key" >&2; exit 3'))
  await expect(failure).rejects.toThrow(
    /broken ended before it was ready \(exit code 3\)[\s\S]*no such key[\s\S]*broken\.log/,
  )
})

test('a program that does not exist is an early end, not a crash', async () => {
  const spec = shell('absent', '', { command: '/does/not/exist' })
  await expect(supervisor.start(spec)).rejects.toThrow(/absent ended before it was ready \(exit code 127\)/)
})

test('what a child prints is kept in a file that only the user reads', async () => {
  await supervisor.start(shell('writer', `echo hello; ${ready}; exec sleep 1000`))
  const file = join(logs, 'writer.log')
  expect(await readFile(file, 'utf8')).toContain('hello')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('a child that ignores SIGTERM is killed with all it started', async () => {
  const script = `trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & ${ready}; while :; do sleep 1; done`
  const child = await supervisor.start(shell('stubborn', script, { stopMsMax: 100 }))
  await supervisor.stop(child)
  expect((await child.exited).signal).toBe('SIGKILL')
  expect(groupIsRunning(child.pid)).toBe(false)
})

test('grandchildren go with a leader that ended in order', async () => {
  const child = await supervisor.start(shell('leader', `sleep 1000 & ${ready}; exec sleep 1000`))
  await supervisor.stop(child)
  expect(groupIsRunning(child.pid)).toBe(false)
})

test('children are stopped in the reverse order of their start', async () => {
  const order: string[] = []
  for (const name of ['first', 'second', 'third']) {
    const child = await supervisor.start(shell(name, `${ready}; exec sleep 1000`))
    void child.exited.then(() => order.push(name))
  }
  await supervisor.stopAll()
  expect(order).toEqual(['third', 'second', 'first'])
})

test('an end that nobody asked for is reported, one that was asked for is not', async () => {
  const surprises: string[] = []
  supervisor.onSurpriseExit((err: ChildFailedError) => surprises.push(err.message))
  const crashing = await supervisor.start(shell('crashing', `${ready}; read -r x < "${logs}/fifo" || exec sleep 1000`))
  const wanted = await supervisor.start(shell('wanted', `${ready}; exec sleep 1000`))
  wanted.kill('SIGKILL')
  await wanted.exited
  process.kill(crashing.pid, 'SIGKILL')
  await crashing.exited
  await expect.poll(() => surprises.length).toBe(1)
  expect(surprises[0]).toContain('crashing ended by itself (signal SIGKILL)')
})

test('a start can be given up, and the child goes', async () => {
  const abort = new AbortController()
  const starting = supervisor.start(shell('slow', 'echo up; exec sleep 1000'), abort.signal)
  starting.catch(() => {})
  await expect.poll(() => supervisor.children.length).toBe(1)
  const pid = supervisor.children[0]?.pid ?? 0
  abort.abort(new Error('interrupted'))
  await expect(starting).rejects.toThrow('interrupted')
  expect(isRunning(identityOf(pid))).toBe(false)
})

test('a child that was killed can be started again under its name', async () => {
  const spec = shell('phoenix', `${ready}; exec sleep 1000`)
  const first = await supervisor.start(spec)
  first.kill('SIGKILL')
  await first.exited
  const second = await supervisor.start(spec)
  expect(second.pid).not.toBe(first.pid)
})

test('a child gets the environment it was given and nothing of ours', async () => {
  await supervisor.start(shell('bare', `env; ${ready}; exec sleep 1000`, { environment: { ONLY: 'this' } }))
  const text = await readFile(join(logs, 'bare.log'), 'utf8')
  expect(text).toContain('ONLY=this')
  expect(text).not.toContain('HOME=')
})

test('a port or a page can say that a child is ready', async () => {
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
  await expect.poll(() => server.listening).toBe(true)
  const { port } = server.address() as AddressInfo
  await supervisor.start(shell('tcp', 'exec sleep 1000', { ready: readyOverTcp('127.0.0.1', port) }))
  await supervisor.start(shell('http', 'exec sleep 1000', { ready: readyOverHttp(`http://127.0.0.1:${port}/`) }))
  server.close()
  server.closeAllConnections()
})

test('a closed port is not ready', async () => {
  const spec = shell('deaf', 'exec sleep 1000', { ready: readyOverTcp('127.0.0.1', 1), readyMsMax: 300 })
  await expect(supervisor.start(spec)).rejects.toThrow('deaf was not ready')
})

test('without its watchdog no child is started', async () => {
  process.kill(supervisor.watchdog.pid, 'SIGKILL')
  await expect.poll(() => isRunning(identityOf(supervisor.watchdog.pid))).toBe(false)
  await expect(supervisor.start(shell('alone', `echo ran; ${ready}`))).rejects.toThrow('watchdog')
  expect(await readFile(join(logs, 'alone.log'), 'utf8')).toBe('')
})
