import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { freePort } from '@forkproof/local/running/free-ports'
import { isServing } from '@forkproof/local/servers/grpc-health'
import { startTemporal, temporalArgs } from '@forkproof/local/servers/temporal'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openServerHarness, type ServerHarness } from '../testing/server-harness.ts'

const frontend = 'temporal.api.workflowservice.v1.WorkflowService'
let harness: ServerHarness
beforeEach(async () => {
  harness = await openServerHarness()
})
afterEach(() => harness.close())

test('the server is healthy when start resolves, also on the database that kill -9 left', async () => {
  const options = {
    program: await harness.program('temporal'),
    port: await freePort(),
    uiPort: await freePort(),
    stateFolder: harness.folder,
  }
  const first = await startTemporal(harness.supervisor, options)
  expect(await isServing('127.0.0.1', options.port, frontend, AbortSignal.timeout(5_000))).toBe(true)
  expect((await fetch(first.uiUrl ?? '')).status).toBe(200)
  first.child.kill('SIGKILL')
  await first.child.exited
  const second = await startTemporal(harness.supervisor, options)
  expect(second.address).toBe(`127.0.0.1:${options.port}`)
  await harness.supervisor.stop(second.child)
  expect(await second.child.exited).toEqual({ code: 0, signal: null })
}, 600_000)

test('the command line is durable, fast and local', () => {
  const args = temporalArgs({ port: 7233 }, join('/state', 'temporal.db')).join(' ')
  for (const part of [
    '--ip 127.0.0.1',
    '--headless',
    '--db-filename /state/temporal.db',
    '--sqlite-pragma journal_mode=WAL',
    '--sqlite-pragma synchronous=FULL',
    '--dynamic-config-value history.transferProcessorMaxPollRPS=5000',
    '--dynamic-config-value history.timerProcessorMaxPollRPS=1000',
    '--search-attribute ForkproofReason=Keyword',
  ]) {
    expect(args).toContain(part)
  }
  expect(temporalArgs({ port: 7233, uiPort: 8233 }, 'db').join(' ')).toContain('--ui-ip 127.0.0.1 --ui-port 8233')
})

/** A gRPC server that gives one fixed answer. */
async function answering(bytes: readonly number[], headers: object = {}): Promise<{ port: number; close: () => void }> {
  const server = createServer()
  server.on('stream', stream => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...headers })
    stream.end(Buffer.from(bytes))
  })
  server.listen(0, '127.0.0.1')
  await expect.poll(() => server.listening).toBe(true)
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

test.each([
  ['SERVING', [0, 0, 0, 0, 2, 8, 1], true],
  ['NOT_SERVING', [0, 0, 0, 0, 2, 8, 2], false],
  ['UNKNOWN, which is an empty message', [0, 0, 0, 0, 0], false],
  ['nothing, as an unknown service does', [], false],
  ['another field', [0, 0, 0, 0, 2, 16, 1], false],
])('a health answer of %s is read right', async (_, bytes, expected) => {
  const server = await answering(bytes)
  expect(await isServing('127.0.0.1', server.port, 'any', AbortSignal.timeout(5_000))).toBe(expected)
  server.close()
})

test('an endless health answer is cut off', async () => {
  const server = await answering(Array.from({ length: 100_000 }, () => 0))
  await expect(isServing('127.0.0.1', server.port, 'any', AbortSignal.timeout(5_000))).rejects.toThrow('too long')
  server.close()
})

test('a closed port is an error, not an answer', async () => {
  await expect(isServing('127.0.0.1', await freePort(), 'any', AbortSignal.timeout(5_000))).rejects.toThrow()
})
