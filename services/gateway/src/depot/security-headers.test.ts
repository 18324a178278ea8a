import { once } from 'node:events'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { describe, expect, it, onTestFinished } from 'vitest'
import { depotHarness } from '../testing/depot-harness.ts'

const service = '/depot.cli.v1.BuildService'
const headers = { 'content-type': 'application/proto', 'connect-protocol-version': '1', authorization: 'Bearer x' }

describe('the Depot-compatible API over HTTP/2', () => {
  /** Writes the whole message before it reads the answer. */
  async function call(baseUrl: string, given: Record<string, string>, bytes: number) {
    const session = connectHttp2(baseUrl)
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':method': 'POST', ':path': `${service}/CreateBuild`, ...headers, ...given })
    const answered = once(stream, 'response') as Promise<[IncomingHttpHeaders]>
    stream.end(Buffer.alloc(bytes))
    const [received] = await answered
    let text = ''
    for await (const chunk of stream) text += chunk
    return { headers: received, text }
  }

  it.each<[string, Record<string, string>, number, number]>([
    ['a message beyond the limit', {}, 3_000_000, 429],
    ['no bearer', { authorization: '' }, 3_000_000, 401],
    ['an unknown method', { ':path': `${service}/Other` }, 3_000_000, 501],
    ['another type', { 'content-type': 'application/xml' }, 3_000_000, 415],
    ['another expectation', { expect: 'tea' }, 10, 417],
    ['no message', {}, 0, 400],
  ])('answers %s readably, with the security headers', async (_what, given, bytes, status) => {
    const { baseUrl } = await depotHarness()
    const answer = await call(baseUrl, given, bytes)
    expect(answer.headers).toMatchObject({
      ':status': status,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    if (![415, 417].includes(status)) expect(JSON.parse(answer.text)).toMatchObject({ code: expect.any(String) })
  })
})
