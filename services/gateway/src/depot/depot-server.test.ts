import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { depotHarness } from '../testing/depot-harness.ts'
import { clientAddresses } from './client-address.ts'

const service = 'depot.cli.v1.BuildService'
const headers = { 'content-type': 'application/proto', 'connect-protocol-version': '1', authorization: 'Bearer x' }

function post(
  baseUrl: string,
  method: string,
  body: Uint8Array<ArrayBuffer> | string,
  more: Record<string, string> = {},
) {
  return fetch(`${baseUrl}/${service}/${method}`, { method: 'POST', body, headers: { ...headers, ...more } })
}

const codeOf = async (answer: Response): Promise<unknown> => Object(await answer.json()).code

function raw(baseUrl: string, text = ''): Socket {
  const socket = connect(Number(new URL(baseUrl).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.resume()
  if (text !== '') socket.write(text)
  return socket
}

describe('the port of the Depot-compatible API', () => {
  it.each([
    `${service}/ReportStatus`,
    `${service}/GetPullInfo`,
    `${service}/createBuild`,
    `${service}/`,
    'depot.cli.v1beta1.ProjectsService/ListProjects',
    '',
    'claim',
    'v1/builds',
    '%',
    '..%2f',
  ])('says of %j that it is unimplemented', async path => {
    const { baseUrl } = await depotHarness()
    const answer = await fetch(`${baseUrl}/${path}`, { method: 'POST', headers, body: '' })
    expect([answer.status, await codeOf(answer)]).toEqual([501, 'unimplemented'])
  })

  it.each([
    ['GET', headers, 405],
    ['PUT', headers, 405],
    ['POST', { ...headers, 'content-type': 'text/plain' }, 415],
    ['POST', { ...headers, 'content-type': 'application/grpc' }, 415],
    ['POST', { ...headers, 'content-type': '' }, 415],
  ])('refuses %s with %j', async (method, given, status) => {
    const { baseUrl } = await depotHarness()
    const answer = await fetch(`${baseUrl}/${service}/CreateBuild`, { method, headers: given })
    expect(answer.status).toBe(status)
  })

  it('refuses what is no message, what is too large, and what grows when it is unpacked', async () => {
    const { baseUrl, accessToken, builds } = await depotHarness()
    const own = { authorization: `Bearer ${accessToken}` }
    const status = async (body: Uint8Array<ArrayBuffer>, more = {}) =>
      codeOf(await post(baseUrl, 'CreateBuild', body, { ...own, ...more }))
    expect(await status(Buffer.from([0x0a, 0xff, 0x01]))).toBe('internal')
    expect(await status(Buffer.alloc(1_200_000))).toBe('resource_exhausted')
    const bomb = Buffer.from(gzipSync(Buffer.alloc(50_000_000)))
    expect(await status(bomb, { 'content-encoding': 'gzip' })).toBe('resource_exhausted')
    expect(await status(Buffer.alloc(10), { 'content-encoding': 'br2' })).toBe('unimplemented')
    expect(builds.started).toEqual([])
  })

  it('refuses broken UTF-8 in a message in JSON, also in a member’s name', async () => {
    const { baseUrl, builds } = await depotHarness()
    const text = JSON.stringify({ projectId: 'x', 'na~me': 'x' })
    const broken = Buffer.from(Buffer.from(text).map(byte => (byte === 0x7e ? 0xff : byte)))
    const answer = await post(baseUrl, 'CreateBuild', broken, { 'content-type': 'application/json' })
    const said = Object(await answer.json())
    expect([answer.status, said.code, said.message]).toEqual([
      400,
      'invalid_argument',
      expect.stringContaining('utf-8'),
    ])
    expect(builds.started).toEqual([])
  })

  it('refuses who brings no bearer, or too many requests, before it reads their message', async () => {
    const { baseUrl } = await depotHarness({ settings: { asksPerAddress: 3 } })
    const codes: unknown[] = []
    for (const authorization of ['', 'Basic eA==', 'Bearer x', 'Bearer x']) {
      codes.push(await codeOf(await post(baseUrl, 'CreateBuild', '\xff', { authorization })))
    }
    expect(codes).toEqual(['unauthenticated', 'unauthenticated', 'internal', 'resource_exhausted'])
  })

  it.each(['', 'P', 'PRI * HT', '\x16\x03\x01\x02\x00\x01\x00', 'GET / HTTP/1.1\r\nhost: x\r\n', '\0\0\0\0'])(
    'cuts a connection that says %j and then nothing',
    async said => {
      const { baseUrl } = await depotHarness({ bounds: { firstBytesMsMax: 100 } })
      const socket = raw(baseUrl, said)
      let text = ''
      socket.on('data', chunk => {
        text += chunk
      })
      await once(socket, 'close')
      expect(text).toMatch(/^($|HTTP\/1\.1 400 [\s\S]*\{"code":"invalid_argument","message":"[a-zA-Z ]+"\}$)/)
    },
  )

  it('cuts a call whose body never ends, over both HTTP', async () => {
    const { baseUrl } = await depotHarness({ bounds: { callMsMax: 100 } })
    const path = `/${service}/CreateBuild`
    const lines = [
      `POST ${path} HTTP/1.1`,
      'host: x',
      'content-length: 10',
      ...Object.entries(headers).map(one => one.join(': ')),
    ]
    await once(raw(baseUrl, `${lines.join('\r\n')}\r\n\r\nab`), 'close')
    const session = connectHttp2(baseUrl)
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers })
    stream.on('error', () => undefined)
    stream.write('ab')
    await once(stream, 'close')
    expect(stream.rstCode).not.toBe(0)
  })

  it('answers one request of a connection of HTTP/1.1 and then closes it', async () => {
    const { baseUrl } = await depotHarness()
    const request = 'POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n'
    const socket = raw(baseUrl, request)
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 501 [\s\S]*connection: close/i)
  })

  it('has room for only so many connections of one address, but for more of a trusted proxy', async () => {
    const bounds = { connectionsPerAddressMax: 2 }
    const { baseUrl } = await depotHarness({ bounds })
    const [one, two] = [raw(baseUrl), raw(baseUrl)]
    await Promise.all([once(one, 'connect'), once(two, 'connect')])
    await once(raw(baseUrl), 'close')
    expect([one.destroyed, two.destroyed]).toEqual([false, false])
    one.destroy()
    const behind = await depotHarness({ bounds, trustedProxies: ['127.0.0.1'] })
    const open = [raw(behind.baseUrl), raw(behind.baseUrl), raw(behind.baseUrl)]
    await Promise.all(open.map(socket => once(socket, 'connect')))
    const answer = await fetch(`${behind.baseUrl}/x`, { method: 'POST' })
    expect(answer.status).toBe(501)
  })

  it('ends what is open when it stops', async () => {
    const { client, create, server, baseUrl } = await depotHarness()
    const { buildId, own } = await create()
    const asked = client.getBuildKitConnection({ buildId, platform: 1 }, own).then(
      () => 'answered',
      () => 'cut',
    )
    await server.close()
    expect(['answered', 'cut']).toContain(await asked)
    await expect(fetch(baseUrl)).rejects.toThrow()
  })
})

describe('the address that a request counts for', () => {
  const of = (trusted: string[], remoteAddress: string, forwarded?: string) =>
    clientAddresses(trusted).of({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as never)

  it.each([
    [[], '192.0.2.1', '198.51.100.1', '192.0.2.1'],
    [['10.0.0.0/8'], '192.0.2.1', '198.51.100.1', '192.0.2.1'],
    [['10.0.0.0/8'], '10.1.1.1', '198.51.100.1', '198.51.100.1'],
    [['10.0.0.0/8'], '10.1.1.1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
    [['10.0.0.0/8'], '10.1.1.1', '198.51.100.1, 10.2.2.2', '198.51.100.1'],
    [['10.0.0.0/8'], '10.1.1.1', undefined, '10.1.1.1'],
    [['10.0.0.0/8'], '10.1.1.1', 'not an address', '10.1.1.1'],
    [['10.1.1.1'], '::ffff:10.1.1.1', '198.51.100.1', '198.51.100.1'],
    [['2001:db8::/32'], '2001:db8::1', '2001:db9::5', '2001:db9:0:0::/64'],
  ])('trusting %j, from %s for %s: %s', (trusted, remote, forwarded, expected) => {
    expect(of(trusted, remote, forwarded)).toBe(expected)
  })
})
