import { describe, expect, test } from 'vitest'
import { fakeNowMs, rawRun } from '../testing/fake-github-answers.ts'
import { sendJson } from '../testing/fake-http-server.ts'
import { type AnswerRequest, signal, startReaderHarness } from '../testing/reader-harness.ts'

const limits = (remaining: number, reset = fakeNowMs / 1_000 + 600) => ({
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': String(remaining),
  'x-ratelimit-reset': String(reset),
})

describe('conditional requests', () => {
  const withEtag: AnswerRequest = ({ headers }, response) => {
    const etag = `"of ${headers.authorization}"`
    if (headers['if-none-match'] === etag) sendJson(response, 304, undefined, { etag })
    else sendJson(response, 200, rawRun(), { etag })
  }
  test('a 304 keeps the value and costs nothing', async () => {
    const { reader, seen } = await startReaderHarness(withEtag)
    const first = await reader.run(signal)
    const second = await reader.run(signal)
    expect(first).toMatchObject({ kind: 'found', counted: true, value: { id: 9_000_000_001 } })
    expect(second).toEqual({ ...first, counted: false })
    expect(seen[1]?.headers).toMatchObject({
      'if-none-match': '"of Bearer token-one"',
      authorization: 'Bearer token-one',
    })
  })
  test('an ETag is not used with another credential', async () => {
    const denied = new Set<string>()
    const { reader, seen } = await startReaderHarness(
      (request, response) => {
        const token = String(request.headers.authorization)
        if (denied.has(token)) sendJson(response, 429, { message: 'secondary rate limit' }, { 'retry-after': '60' })
        else withEtag(request, response)
      },
      { tokens: ['token-one', 'token-two'] },
    )
    await reader.run(signal)
    denied.add(String(seen[0]?.headers.authorization))
    expect(await reader.run(signal)).toMatchObject({ kind: 'found', counted: true })
    expect(seen[2]?.headers['if-none-match']).toBeUndefined()
    expect(seen[2]?.headers.authorization).not.toBe(seen[0]?.headers.authorization)
  })
  test('a 304 that was not asked for is a fault', async () => {
    const { reader } = await startReaderHarness((_, response) => sendJson(response, 304, undefined))
    await expect(reader.run(signal)).rejects.toMatchObject({ name: 'GithubFault' })
  })
})

describe('limits are obeyed', () => {
  test('nothing left: not asked again before the reset, a second more for rounding', async () => {
    const { reader, seen, clock } = await startReaderHarness((_, response) =>
      sendJson(response, 200, rawRun(), limits(0)),
    )
    await reader.run(signal)
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited', retryAtMs: fakeNowMs + 601_000 })
    clock.advance(600_500)
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited' })
    expect(seen).toHaveLength(1)
    clock.advance(600)
    expect(await reader.run(signal)).toMatchObject({ kind: 'found' })
  })
  test.each([403, 429])('%i with a secondary limit: retry-after counts', async status => {
    const { reader } = await startReaderHarness((_, response) =>
      sendJson(response, status, { message: 'You have exceeded a secondary rate limit' }, { 'retry-after': '7' }),
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited', retryAtMs: fakeNowMs + 7_000 })
  })
  test('a secondary limit without a time: at least a minute, then longer', async () => {
    const { reader, clock } = await startReaderHarness((_, response) =>
      sendJson(response, 403, { message: 'You have exceeded a secondary rate limit' }),
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ retryAtMs: fakeNowMs + 60_000 })
    clock.advance(60_000)
    await expect(reader.run(signal)).rejects.toMatchObject({ retryAtMs: fakeNowMs + 60_000 + 120_000 })
  })
  test('the next credential takes over, and all out is a limit until the first is free', async () => {
    const { reader, seen } = await startReaderHarness(
      ({ headers }, response) => {
        const seconds = headers.authorization === 'Bearer token-one' ? '30' : '90'
        sendJson(response, 429, { message: 'rate limit' }, { 'retry-after': seconds })
      },
      { tokens: ['token-one', 'token-two'] },
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited', retryAtMs: fakeNowMs + 30_000 })
    expect(new Set(seen.map(request => request.headers.authorization)).size).toBe(2)
  })
  test('a refused credential is out and the other one serves', async () => {
    const { reader, seen } = await startReaderHarness(
      ({ headers }, response) =>
        headers.authorization === 'Bearer token-one'
          ? sendJson(response, 401, { message: 'Bad credentials' })
          : sendJson(response, 200, rawRun()),
      { tokens: ['token-one', 'token-two'] },
    )
    expect(await reader.run(signal)).toMatchObject({ kind: 'found' })
    expect(await reader.run(signal)).toMatchObject({ kind: 'found' })
    expect(seen.filter(request => request.headers.authorization === 'Bearer token-one').length).toBeLessThanOrEqual(1)
  })
  test('below a tenth everything slows down, and no longer when there is plenty', async () => {
    let remaining = 999
    const { reader } = await startReaderHarness((_, response) => sendJson(response, 200, rawRun(), limits(remaining)))
    await reader.run(signal)
    expect(reader.slowdown()).toBe(4)
    remaining = 4_000
    await reader.run(signal)
    expect(reader.slowdown()).toBe(1)
  })
  test('a plain 403 is not a limit', async () => {
    const { reader } = await startReaderHarness((_, response) =>
      sendJson(response, 403, { message: 'IP allow list' }, limits(4_000)),
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
  })
})

describe('answers that are not what they should be', () => {
  test.each([500, 502, 503, 504, 418, 400])('status %i is a server error', async status => {
    const { reader } = await startReaderHarness((_, response) => sendJson(response, status, { message: 'oops' }))
    await expect(reader.run(signal)).rejects.toMatchObject({ name: 'GithubFault', kind: 'server-error' })
  })
  test.each<[string, AnswerRequest]>([
    [
      'truncated JSON',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"id": 90000'),
    ],
    ['another type', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['no type', (_, response) => response.writeHead(200).end('hello')],
    ['a list', (_, response) => sendJson(response, 200, [])],
    ['null', (_, response) => sendJson(response, 200, null)],
    [
      'an id beyond 2^53',
      (_, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify(rawRun()).replace('9000000001', '90000000010000000001')),
    ],
    ['a missing fact', (_, response) => sendJson(response, 200, rawRun({ event: undefined }))],
    ['too large a body', (_, response) => sendJson(response, 200, rawRun({ display_title: 'x'.repeat(200_000) }))],
  ])('%s is malformed', async (_, answer) => {
    const { reader } = await startReaderHarness(answer)
    await expect(reader.run(signal)).rejects.toMatchObject({ name: 'GithubFault', kind: 'malformed' })
  })
  test('a connection cut in the middle of the body is unreachable', async () => {
    const { reader } = await startReaderHarness((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
      response.write('{"id":', () => response.destroy())
    })
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'unreachable' })
  })
  test('no answer is unreachable after the timeout', async () => {
    const { reader } = await startReaderHarness(() => undefined, { timeoutMs: 50 })
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'unreachable' })
  })
  test('a body that never ends its trickle is unreachable after the timeout', async () => {
    const { reader } = await startReaderHarness(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write(' ')
      },
      { timeoutMs: 50 },
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'unreachable' })
  })
  test('faults quote neither credential nor body', async () => {
    const { reader } = await startReaderHarness((_, response) => sendJson(response, 500, { message: 'secret-body' }), {
      tokens: ['secret-token'],
    })
    const fault = await reader.run(signal).catch((error: unknown) => error)
    expect(JSON.stringify(fault) + String(fault)).not.toMatch(/secret-token|secret-body/)
  })
  test('an abort is an abort, not a fault', async () => {
    const abort = new AbortController()
    const { reader } = await startReaderHarness(() => abort.abort(new Error('over')))
    await expect(reader.run(abort.signal)).rejects.toThrow('over')
  })
})
