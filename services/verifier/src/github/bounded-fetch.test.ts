import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { startFakeHttpServer } from '../testing/fake-http-server.ts'
import { boundedFetch } from './bounded-fetch.ts'

const fetch = boundedFetch({ timeoutMs: 5_000, bytesMax: 1_000 })
const malformed = { name: 'GithubFault', kind: 'malformed' }

describe('bodies', () => {
  test('of exactly the limit are read, of one byte more not', async () => {
    const server = await startFakeHttpServer(({ url }, response) => response.end('x'.repeat(Number(url.slice(1)))))
    expect((await (await fetch(`${server.url}/1000`)).text()).length).toBe(1_000)
    await expect(fetch(`${server.url}/1001`)).rejects.toMatchObject(malformed)
  })
  test('are decompressed', async () => {
    const server = await startFakeHttpServer((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello')),
    )
    const response = await fetch(server.url)
    expect([await response.text(), response.headers.get('content-encoding')]).toEqual(['hello', null])
  })
  test.each([
    ['that grow beyond the limit', gzipSync('x'.repeat(1_000_000)).subarray()],
    ['that do not decompress', Buffer.from('not gzip')],
  ])('%s are malformed', async (_, body) => {
    const server = await startFakeHttpServer((__, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body),
    )
    await expect(fetch(server.url)).rejects.toMatchObject(malformed)
  })
  test('without an end are left when the limit is reached', async () => {
    const server = await startFakeHttpServer((_, response) => {
      const more = () => response.write('x'.repeat(500), error => (error ? undefined : setImmediate(more)))
      more()
    })
    await expect(fetch(server.url)).rejects.toMatchObject(malformed)
  })
})

describe('connections', () => {
  test('are reused, and one that was closed meanwhile is replaced', async () => {
    const sockets = new Set<unknown>()
    const server = await startFakeHttpServer((_, response) => {
      const isSecond = sockets.has(response.socket)
      sockets.add(response.socket)
      if (isSecond) response.socket?.resetAndDestroy()
      else response.end('fine')
    })
    await (await fetch(server.url)).text()
    expect(await (await fetch(server.url)).text()).toBe('fine')
    expect(server.seen).toHaveLength(3)
  })
  test('that are reset at once are unreachable, and asked once', async () => {
    const server = await startFakeHttpServer((_, response) => response.socket?.resetAndDestroy())
    await expect(fetch(server.url)).rejects.toMatchObject({ kind: 'unreachable' })
    expect(server.seen).toHaveLength(1)
  })
  test('that nobody accepts are unreachable', async () => {
    await expect(fetch('http://127.0.0.1:1')).rejects.toMatchObject({ kind: 'unreachable' })
  })
  test('are not even opened for a signal that has aborted', async () => {
    const server = await startFakeHttpServer((_, response) => response.end())
    await expect(fetch(server.url, { signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over')
    expect(server.seen).toHaveLength(0)
  })
})

test('redirects are answers, not followed', async () => {
  const server = await startFakeHttpServer((_, response) => response.writeHead(302, { location: '/next' }).end())
  const response = await fetch(server.url)
  expect([response.status, response.headers.get('location'), server.seen.length]).toEqual([302, '/next', 1])
})
