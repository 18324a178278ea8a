import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { depotHarness } from '../../testing/depot-harness.ts'
import { gatewayHarness } from '../../testing/gateway-harness.ts'
import { rawConnection } from '../../testing/raw-client.ts'
import { describeAsProblem } from './broken-request.ts'
import type { HttpHandler } from './connection-guard.ts'
import { createGuardedServer } from './guarded-server.ts'

/** A guarded server with short times around a handler of the test's. */
async function guarded(handler: HttpHandler, drain = { drainBytesMax: 100_000, drainMsMax: 300 }): Promise<string> {
  const node = { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 }
  const server = createGuardedServer(handler, { describe: describeAsProblem, drain, node })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Everything that comes until the connection ends. */
async function said(url: string, ...texts: string[]): Promise<string> {
  const socket = await rawConnection(url)
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  socket.on('error', () => undefined)
  const closed = new Promise(resolve => socket.once('close', resolve))
  for (const text of texts) {
    socket.write(text)
    await sleep(30)
  }
  await closed
  return answer
}

const answerNow: HttpHandler = (_request, response) => void response.end('ok')
const host = 'Host: x\r\n'
const broken: readonly (readonly [string, string, string])[] = [
  ['bytes that are no HTTP', 'hello\r\n\r\n', 'malformed'],
  ['an address that is too long', `GET /${'x'.repeat(40_000)} HTTP/1.1\r\n${host}\r\n`, 'headers|malformed'],
  ['headers that are too large', `GET / HTTP/1.1\r\n${host}X: ${'x'.repeat(40_000)}\r\n\r\n`, 'too large'],
  ['two lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 'malformed'],
  ['a chunk that is none', `POST /claim HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 'malformed'],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 'names no host'],
  ['no Host and a body', `POST / HTTP/1.1\r\nContent-Length: 500000\r\n\r\n${'x'.repeat(500_000)}`, 'names no host'],
  ['another expectation', `POST / HTTP/1.1\r\n${host}Expect: tea\r\nContent-Length: 0\r\n\r\n`, 'expects'],
]
const securityLines = [
  'cache-control: no-store',
  'x-content-type-options: nosniff',
  'referrer-policy: no-referrer',
  "content-security-policy: default-src 'none'; frame-ancestors 'none'",
]

function expectBrokenAnswer(answer: string, contentType: string, text: string): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 (400|417) /)
  const lines = head.toLowerCase().split('\r\n')
  for (const line of [...securityLines, `content-type: ${contentType}`, 'connection: close'])
    expect(lines).toContain(line)
  expect(JSON.stringify(JSON.parse(body))).toMatch(new RegExp(text))
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
}

describe('what is no request', () => {
  it.each(broken)('because of %s gets a problem document with the security headers', async (_what, bytes, text) => {
    const { app } = await gatewayHarness()
    onTestFinished(() => app.close())
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const answer = await said(url, bytes)
    expectBrokenAnswer(answer, 'application/problem+json', text)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'invalid_request', status: 400 })
  })

  // An unknown path is answered before the chunk comes.
  const brokenCalls = broken.filter(([what]) => what !== 'a chunk that is none')
  it.each(brokenCalls)('because of %s gets an error of the Connect protocol', async (_what, bytes, text) => {
    const { baseUrl } = await depotHarness()
    const answer = await said(baseUrl, bytes)
    expectBrokenAnswer(answer, 'application/json', text)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'invalid_argument' })
  })

  it.each([
    ['its headers', 'GET / HTTP/1.1\r\nHost:'],
    ['its body', `POST / HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nab`],
  ])('because %s came too slowly is told so', async (_what, bytes) => {
    const url = await guarded(() => undefined)
    expectBrokenAnswer(await said(url, bytes), 'application/problem+json', 'too slowly')
  })

  it('is answered so that a client can read it that goes on to write', async () => {
    const url = await guarded(answerNow)
    const answer = await said(url, 'hello\r\n\r\n', ...Array<string>(5).fill('x'.repeat(10_000)))
    expectBrokenAnswer(answer, 'application/problem+json', 'malformed')
  })
})

describe('a connection', () => {
  it('is cut when its client writes on for too long after an answer', async () => {
    const url = await guarded(answerNow)
    const socket = await rawConnection(url, { allowHalfOpen: true })
    socket.on('error', () => undefined)
    socket.resume()
    socket.write(`POST / HTTP/1.1\r\n${host}Connection: close\r\nContent-Length: 90000\r\n\r\n`)
    const drip = setInterval(() => socket.write('x'), 20)
    onTestFinished(() => clearInterval(drip))
    const startedAt = performance.now()
    await new Promise(resolve => socket.once('close', resolve))
    expect(performance.now() - startedAt).toBeGreaterThan(250)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })

  it('gets no second answer into the middle of the first', async () => {
    const url = await guarded((_request, response) => void response.write('begun'))
    const answer = await said(url, `GET / HTTP/1.1\r\n${host}\r\n`, 'garbage\r\n\r\n')
    expect(answer).toContain('begun')
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  })

  it('does not answer garbage in place of a request that is being held', async () => {
    const url = await guarded(() => undefined)
    expect(await said(url, `GET / HTTP/1.1\r\n${host}\r\n`, 'garbage\r\n\r\n')).toBe('')
  })

  it('gets one answer when a body breaks off behind it', async () => {
    const url = await guarded(answerNow)
    const head = `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`
    const answer = await said(url, head, 'zz\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  })
})
