import { RepositoryName, RunId } from '@forkproof/contracts/ids'
import { FakeClock } from '@forkproof/infra/clock'
import { silentLogger } from '@forkproof/infra/log'
import { Secret } from '@forkproof/infra/secret'
import { describe, expect, test } from 'vitest'
import { nowMs, rawArtifact, rawJob, rawPullRequest, rawRun } from '../fixtures/github-answers.ts'
import { httpDouble, json, type SeenRequest } from '../fixtures/http-double.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { GithubCredential } from './credential.ts'
import { CredentialPool } from './credential-pool.ts'
import { createRunReader } from './run-reader.ts'

type Answer = Parameters<typeof httpDouble>[0]
const signal = new AbortController().signal
const repository = RepositoryName.parse('base-org/project')

/** A reader over real HTTP; `tokens` are its credentials. */
async function reading(answer: Answer, options: { tokens?: string[]; timeoutMs?: number; bytesMax?: number } = {}) {
  const server = await httpDouble(answer)
  const clock = new FakeClock(nowMs)
  const fetch = boundedFetch({ timeoutMs: options.timeoutMs ?? 5_000, bytesMax: options.bytesMax ?? 100_000 })
  const credentials = (options.tokens ?? ['token-one']).map(
    (token, index) =>
      new GithubCredential({
        name: `c${index}`,
        secret: new Secret(token),
        baseUrl: server.url,
        fetch,
        clock,
        log: silentLogger,
      }),
  )
  const pool = new CredentialPool(credentials, clock)
  const readerOf = (name: RepositoryName) =>
    createRunReader({ pool, fetch, apiUrl: server.url }, { repository: name, runId: RunId.parse('9000000001') })
  return { ...server, clock, pool, reader: readerOf(repository), readerOf }
}

const limits = (remaining: number, reset = nowMs / 1_000 + 600) => ({
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': String(remaining),
  'x-ratelimit-reset': String(reset),
})

describe('conditional requests', () => {
  const withEtag: Answer = ({ headers }, response) => {
    const etag = `"of ${headers.authorization}"`
    if (headers['if-none-match'] === etag) json(response, 304, undefined, { etag })
    else json(response, 200, rawRun(), { etag })
  }
  test('a 304 keeps the value and costs nothing', async () => {
    const { reader, seen } = await reading(withEtag)
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
    const { reader, seen } = await reading(
      (request, response) => {
        const token = String(request.headers.authorization)
        if (denied.has(token)) json(response, 429, { message: 'secondary rate limit' }, { 'retry-after': '60' })
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
    const { reader } = await reading((_, response) => json(response, 304, undefined))
    await expect(reader.run(signal)).rejects.toMatchObject({ name: 'GithubFault' })
  })
})

describe('limits are obeyed', () => {
  test('nothing left: not asked again before the reset, a second more for rounding', async () => {
    const { reader, seen, clock } = await reading((_, response) => json(response, 200, rawRun(), limits(0)))
    await reader.run(signal)
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited', retryAtMs: nowMs + 601_000 })
    clock.advance(600_500)
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited' })
    expect(seen).toHaveLength(1)
    clock.advance(600)
    expect(await reader.run(signal)).toMatchObject({ kind: 'found' })
  })
  test.each([403, 429])('%i with a secondary limit: retry-after counts', async status => {
    const { reader } = await reading((_, response) =>
      json(response, status, { message: 'You have exceeded a secondary rate limit' }, { 'retry-after': '7' }),
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited', retryAtMs: nowMs + 7_000 })
  })
  test('a secondary limit without a time: at least a minute, then longer', async () => {
    const { reader, clock } = await reading((_, response) =>
      json(response, 403, { message: 'You have exceeded a secondary rate limit' }),
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ retryAtMs: nowMs + 60_000 })
    clock.advance(60_000)
    await expect(reader.run(signal)).rejects.toMatchObject({ retryAtMs: nowMs + 60_000 + 120_000 })
  })
  test('the next credential takes over, and all out is a limit until the first is free', async () => {
    const { reader, seen } = await reading(
      ({ headers }, response) => {
        const seconds = headers.authorization === 'Bearer token-one' ? '30' : '90'
        json(response, 429, { message: 'rate limit' }, { 'retry-after': seconds })
      },
      { tokens: ['token-one', 'token-two'] },
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'limited', retryAtMs: nowMs + 30_000 })
    expect(new Set(seen.map(request => request.headers.authorization)).size).toBe(2)
  })
  test('a refused credential is out and the other one serves', async () => {
    const { reader, seen } = await reading(
      ({ headers }, response) =>
        headers.authorization === 'Bearer token-one'
          ? json(response, 401, { message: 'Bad credentials' })
          : json(response, 200, rawRun()),
      { tokens: ['token-one', 'token-two'] },
    )
    expect(await reader.run(signal)).toMatchObject({ kind: 'found' })
    expect(await reader.run(signal)).toMatchObject({ kind: 'found' })
    expect(seen.filter(request => request.headers.authorization === 'Bearer token-one').length).toBeLessThanOrEqual(1)
  })
  test('below a tenth everything slows down, and no longer when there is plenty', async () => {
    let remaining = 499
    const { reader } = await reading((_, response) => json(response, 200, rawRun(), limits(remaining)))
    await reader.run(signal)
    expect(reader.slowdown()).toBe(4)
    remaining = 4_000
    await reader.run(signal)
    expect(reader.slowdown()).toBe(1)
  })
  test('a plain 403 is not a limit', async () => {
    const { reader } = await reading((_, response) => json(response, 403, { message: 'IP allow list' }, limits(4_000)))
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'forbidden' })
  })
})

describe('answers that are not what they should be', () => {
  test.each([500, 502, 503, 504, 418, 400])('status %i is a server error', async status => {
    const { reader } = await reading((_, response) => json(response, status, { message: 'oops' }))
    await expect(reader.run(signal)).rejects.toMatchObject({ name: 'GithubFault', kind: 'server-error' })
  })
  test.each<[string, Answer]>([
    [
      'truncated JSON',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"id": 90000'),
    ],
    ['another type', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['no type', (_, response) => response.writeHead(200).end('hello')],
    ['a list', (_, response) => json(response, 200, [])],
    ['null', (_, response) => json(response, 200, null)],
    [
      'an id beyond 2^53',
      (_, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify(rawRun()).replace('9000000001', '90000000010000000001')),
    ],
    ['a missing fact', (_, response) => json(response, 200, rawRun({ event: undefined }))],
    ['too large a body', (_, response) => json(response, 200, rawRun({ display_title: 'x'.repeat(200_000) }))],
  ])('%s is malformed', async (_, answer) => {
    const { reader } = await reading(answer)
    await expect(reader.run(signal)).rejects.toMatchObject({ name: 'GithubFault', kind: 'malformed' })
  })
  test('a connection cut in the middle of the body is unreachable', async () => {
    const { reader } = await reading((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
      response.write('{"id":', () => response.destroy())
    })
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'unreachable' })
  })
  test('no answer is unreachable after the timeout', async () => {
    const { reader } = await reading(() => undefined, { timeoutMs: 50 })
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'unreachable' })
  })
  test('a body that never ends its trickle is unreachable after the timeout', async () => {
    const { reader } = await reading(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write(' ')
      },
      { timeoutMs: 50 },
    )
    await expect(reader.run(signal)).rejects.toMatchObject({ kind: 'unreachable' })
  })
  test('faults quote neither credential nor body', async () => {
    const { reader } = await reading((_, response) => json(response, 500, { message: 'secret-body' }), {
      tokens: ['secret-token'],
    })
    const fault = await reader.run(signal).catch((error: unknown) => error)
    expect(JSON.stringify(fault) + String(fault)).not.toMatch(/secret-token|secret-body/)
  })
  test('an abort is an abort, not a fault', async () => {
    const abort = new AbortController()
    const { reader } = await reading(() => abort.abort(new Error('over')))
    await expect(reader.run(abort.signal)).rejects.toThrow('over')
  })
})

describe('where requests go', () => {
  test('a rename is told, not followed', async () => {
    const { reader, seen } = await reading((_, response) =>
      json(response, 301, { message: 'Moved Permanently' }, { location: 'https://elsewhere.example.com/' }),
    )
    expect(await reader.run(signal)).toMatchObject({ kind: 'moved' })
    expect(seen).toHaveLength(1)
  })
  test('404 and 410 are missing', async () => {
    for (const status of [404, 410]) {
      const { reader } = await reading((_, response) => json(response, status, { message: 'Not Found' }))
      expect(await reader.run(signal)).toEqual({ kind: 'missing' })
    }
  })
  test('names with odd characters stay one part of the path', async () => {
    const { readerOf, seen } = await reading((_, response) => json(response, 404, {}))
    await readerOf(RepositoryName.parse('o/..a')).run(signal)
    // Brands are no defence at run time; the template must hold by itself.
    await readerOf('o/%2e%2e?x=1#y' as RepositoryName).run(signal)
    expect(seen.map(request => request.url)).toEqual([
      '/repos/o/..a/actions/runs/9000000001',
      '/repos/o/%252e%252e%3Fx%3D1%23y/actions/runs/9000000001',
    ])
  })
  test('a branch with odd characters stays one value of the query', async () => {
    const { reader, seen } = await reading((_, response) => json(response, 200, [rawPullRequest()]))
    await reader.pullRequests({ owner: 'me', branch: 'a&state=closed#x/y' }, signal)
    const query = new URL(seen[0]?.url ?? '', 'http://x').searchParams
    expect([query.get('head'), query.get('state')]).toEqual(['me:a&state=closed#x/y', 'open'])
  })
  test('an OAuth app’s id and secret go as basic authentication', async () => {
    const { reader, seen } = await reading((_, response) => json(response, 200, rawRun()), { tokens: ['id:secret'] })
    await reader.run(signal)
    expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('id:secret').toString('base64')}`)
  })
})

describe('lists', () => {
  const pages =
    (total: number): Answer =>
    ({ url }, response) => {
      const page = Number(new URL(url, 'http://x').searchParams.get('page'))
      const left = Math.max(Math.min(total - (page - 1) * 100, 100), 0)
      const artifacts = Array.from({ length: left }, (_, index) => rawArtifact(`a-${page}-${index}`))
      json(response, 200, { total_count: total, artifacts }, { etag: `"${page}"` })
    }
  test.each([
    [0, 1, 0],
    [100, 1, 100],
    [101, 2, 101],
    [900, 5, 500],
  ])('of %i artifacts are read in %i requests', async (total, requests, items) => {
    const { reader, seen } = await reading(pages(total))
    const listing = await reader.artifacts(signal)
    expect([listing.items.length, listing.counted, seen.length]).toEqual([items, requests, requests])
  })
  test('of jobs name the attempt in their address', async () => {
    const { reader, seen } = await reading((_, response) => json(response, 200, { total_count: 1, jobs: [rawJob()] }))
    expect((await reader.jobs(3, signal)).items[0]).toMatchObject({ id: 5_001, status: 'in_progress' })
    expect(seen[0]?.url).toBe('/repos/base-org/project/actions/runs/9000000001/attempts/3/jobs?per_page=100&page=1')
  })
  test('that are gone are empty', async () => {
    const { reader } = await reading((_, response) => json(response, 404, {}))
    expect(await reader.artifacts(signal)).toEqual({ items: [], counted: 1 })
  })
})

describe('a finished job’s log', () => {
  const redirecting =
    (location: (request: SeenRequest) => string, log: Answer): Answer =>
    (request, response) => {
      if (request.url.startsWith('/blob')) log(request, response)
      else response.writeHead(302, { location: location(request) }).end()
    }
  test('is fetched from where the redirect points, without the credential', async () => {
    const here = ({ headers }: SeenRequest) => `http://${headers.host}/blob?sig=1`
    const { reader, seen } = await reading(redirecting(here, (_, response) => response.end('lines')))
    expect(await reader.jobLog(5, signal)).toEqual({ text: 'lines', counted: 1 })
    expect(seen[0]?.headers.authorization).toBe('Bearer token-one')
    expect(seen[1]?.headers.authorization).toBeUndefined()
  })
  test('that is not there yet is undefined', async () => {
    const here = ({ headers }: SeenRequest) => `http://${headers.host}/blob`
    const { reader } = await reading(redirecting(here, (_, response) => response.writeHead(404).end('<Error/>')))
    expect(await reader.jobLog(5, signal)).toEqual({ text: undefined, counted: 1 })
  })
  test.each(['ftp://127.0.0.1/x', 'file:///etc/passwd', 'not an address', 'javascript:alert(1)'])(
    'at %s is not fetched',
    async location => {
      const { reader, seen } = await reading(
        redirecting(
          () => location,
          () => undefined,
        ),
      )
      await expect(reader.jobLog(5, signal)).rejects.toMatchObject({ kind: 'malformed' })
      expect(seen).toHaveLength(1)
    },
  )
  test('that redirects again is not followed', async () => {
    const here = ({ headers }: SeenRequest) => `http://${headers.host}/blob`
    const again: Answer = (_, response) => response.writeHead(302, { location: '/blob' }).end()
    const { reader, seen } = await reading(redirecting(here, again))
    await expect(reader.jobLog(5, signal)).rejects.toMatchObject({ kind: 'server-error' })
    expect(seen).toHaveLength(2)
  })
  test('that is too large is a malformed answer', async () => {
    const here = ({ headers }: SeenRequest) => `http://${headers.host}/blob`
    const large: Answer = (_, response) => response.end('x'.repeat(200_000))
    const { reader } = await reading(redirecting(here, large))
    await expect(reader.jobLog(5, signal)).rejects.toMatchObject({ kind: 'malformed' })
  })
})
