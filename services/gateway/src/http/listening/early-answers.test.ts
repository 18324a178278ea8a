import { describe, expect, it, onTestFinished } from 'vitest'
import { depotHarness } from '../../testing/depot-harness.ts'
import { gatewayHarness, operatorToken } from '../../testing/gateway-harness.ts'
import { rawConnection, writeThenRead } from '../../testing/raw-client.ts'

const json = 'Content-Type: application/json'
const form = 'Content-Type: application/x-www-form-urlencoded'
const operator = `Authorization: Bearer ${operatorToken}`
const close = 'Connection: close'
const id = 'A'.repeat(43)
const megabyte = 1_048_576
const large = 'x'.repeat(3 * megabyte)

async function listening(): Promise<string> {
  const { app } = await gatewayHarness()
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  return url
}

const answers: readonly (readonly [string, string[], number])[] = [
  ['a claim beyond the limit', ['POST /claim HTTP/1.1', json], 413],
  ['a claim of another type', ['POST /claim HTTP/1.1', 'Content-Type: text/plain'], 415],
  ['a claim of no type', ['POST /claim HTTP/1.1'], 415],
  ['a build without a token', ['POST /v1/builds HTTP/1.1', json], 401],
  ['an exchange with a large body', [`POST /exchange/${id} HTTP/1.1`], 413],
  ['a token exchange beyond the limit', ['POST /oauth/token HTTP/1.1', form], 413],
  ['a token exchange of another type', ['POST /oauth/token HTTP/1.1', json], 415],
  ['an introspection by anybody', ['POST /oauth/introspect HTTP/1.1', form], 401],
  ['a project beyond the limit', ['POST /v1/projects HTTP/1.1', json, operator], 413],
  ['a rule beyond the limit', [`POST /v1/projects/${id}/relationships HTTP/1.1`, json, operator], 413],
  ['a project of somebody else', ['POST /v1/projects HTTP/1.1', json], 401],
  ['an unknown address', ['POST /nowhere HTTP/1.1', json], 404],
  ['another method', ['PUT /claim HTTP/1.1', json], 405],
  ['OPTIONS with a body', ['OPTIONS /claim HTTP/1.1', json], 405],
  ['HEAD with a body', ['HEAD /healthz HTTP/1.1', json], 200],
  ['GET with a body', ['GET /healthz HTTP/1.1', json], 200],
  ['a cancelation with a large body', [`DELETE /v1/builds/${id} HTTP/1.1`, json], 413],
  ['another expectation', ['POST /claim HTTP/1.1', json, 'Expect: tea'], 417],
  ['a body after all', ['POST /claim HTTP/1.1', json, 'Expect: 100-continue'], 413],
  ['an address that does not decode', ['POST /% HTTP/1.1', json], 400],
  ['a claim of HTTP/1.0', ['POST /claim HTTP/1.0', json], 413],
]

/** The answer itself, behind interim ones. */
const withoutContinue = (text: string): string => text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')

function expectAnswer(text: string, status: number): void {
  const answer = withoutContinue(text)
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(answer.toLowerCase()).toContain('\r\nx-content-type-options: nosniff\r\n')
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
}

describe('an answer that does not wait for the body', () => {
  it.each(answers)('to %s reaches a client that writes all of its body first', async (_what, head, status) => {
    const url = await listening()
    expectAnswer(await writeThenRead(url, { head: [...head, close], body: large }), status)
    if (head[0]?.endsWith('1.0')) return
    expectAnswer(await writeThenRead(url, { head: [...head, close], body: large, chunked: true, pieces: 40 }), status)
  })

  it.each(answers)('to %s reaches a client that writes slowly', async (_what, head, status) => {
    const url = await listening()
    const slowly = { body: 'x'.repeat(100_000), pieces: 20, pauseMs: 20 }
    expectAnswer(await writeThenRead(url, { head: [...head, close], ...slowly }), status)
    if (head[0]?.endsWith('1.0')) return
    expectAnswer(await writeThenRead(url, { head: [...head, close], ...slowly, chunked: true }), status)
  })

  const service = '/depot.cli.v1.BuildService'
  const proto = 'Content-Type: application/proto'
  it.each<[string, string[], number]>([
    ['a call without a bearer', [`POST ${service}/CreateBuild HTTP/1.1`, proto], 401],
    ['a message beyond the limit', [`POST ${service}/CreateBuild HTTP/1.1`, proto, 'Authorization: Bearer x'], 429],
    ['an unknown method', [`POST ${service}/Other HTTP/1.1`, proto], 501],
    ['another type', [`POST ${service}/CreateBuild HTTP/1.1`, json.replace('json', 'xml')], 415],
    ['another expectation', [`POST ${service}/CreateBuild HTTP/1.1`, proto, 'Expect: tea'], 417],
  ])('of the Depot-compatible API to %s reaches its client', async (_what, head, status) => {
    const { baseUrl } = await depotHarness()
    expectAnswer(await writeThenRead(baseUrl, { head, body: large }), status)
    expectAnswer(await writeThenRead(baseUrl, { head, body: large, chunked: true, pieces: 20, pauseMs: 5 }), status)
  })

  it('reaches every client while the service is busy', { timeout: 60_000 }, async () => {
    const url = await listening()
    const busy = setInterval(() => {
      const until = performance.now() + 40
      while (performance.now() < until);
    }, 50)
    onTestFinished(() => clearInterval(busy))
    const head = ['POST /claim HTTP/1.1', json]
    const clients = Array.from({ length: 30 }, (_, at) =>
      writeThenRead(url, { head, body: large, chunked: at % 3 === 0, pieces: at % 2 === 0 ? 1 : 30, pauseMs: at % 2 }),
    )
    for (const answer of await Promise.all(clients)) expectAnswer(answer, 413)
  })

  it('leaves the connection to the next request once the body is through', async () => {
    const url = await listening()
    const socket = await rawConnection(url)
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    const body = 'x'.repeat(megabyte)
    socket.write(`POST /nowhere HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    await expect.poll(() => text).toMatch(/^HTTP\/1\.1 404 /)
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => text).toMatch(/HTTP\/1\.1 200 OK/)
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(2)
  })

  it('is out before the body is', async () => {
    const url = await listening()
    const socket = await rawConnection(url)
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    socket.write(`POST /claim HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: 3000000\r\n\r\n{`)
    await expect.poll(() => text).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close/)
  })

  it('does not make the service read without end', async () => {
    const url = await listening()
    const body = 'x'.repeat(200 * megabyte)
    for (const path of ['claim', 'nowhere']) {
      const head = [`POST /${path} HTTP/1.1`, json]
      await expect(writeThenRead(url, { head, body, pieces: 50 })).rejects.toMatchObject({
        code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/),
      })
    }
  })
})
