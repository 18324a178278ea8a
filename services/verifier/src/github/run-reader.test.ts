import { RepositoryName } from '@forkproof/contracts/ids'
import { describe, expect, test } from 'vitest'
import { rawArtifact, rawJob, rawPullRequest, rawRun } from '../testing/fake-github-answers.ts'
import { type SeenRequest, sendJson } from '../testing/fake-http-server.ts'
import { type AnswerRequest, signal, startReaderHarness } from '../testing/reader-harness.ts'

describe('where requests go', () => {
  test('a rename is told, not followed', async () => {
    const { reader, seen } = await startReaderHarness((_, response) =>
      sendJson(response, 301, { message: 'Moved Permanently' }, { location: 'https://elsewhere.example.com/' }),
    )
    expect(await reader.run(signal)).toMatchObject({ kind: 'moved' })
    expect(seen).toHaveLength(1)
  })
  test('404 and 410 are missing', async () => {
    for (const status of [404, 410]) {
      const { reader } = await startReaderHarness((_, response) => sendJson(response, status, { message: 'Not Found' }))
      expect(await reader.run(signal)).toEqual({ kind: 'missing' })
    }
  })
  test('names with odd characters stay one part of the path', async () => {
    const { readerOf, seen } = await startReaderHarness((_, response) => sendJson(response, 404, {}))
    await readerOf(RepositoryName.parse('o/..a')).run(signal)
    // Brands are no defence at run time; the template must hold by itself.
    await readerOf('o/%2e%2e?x=1#y' as RepositoryName).run(signal)
    expect(seen.map(request => request.url)).toEqual([
      '/repos/o/..a/actions/runs/9000000001',
      '/repos/o/%252e%252e%3Fx%3D1%23y/actions/runs/9000000001',
    ])
  })
  test('a branch with odd characters stays one value of the query', async () => {
    const { reader, seen } = await startReaderHarness((_, response) => sendJson(response, 200, [rawPullRequest()]))
    await reader.pullRequests({ owner: 'me', branch: 'a&state=closed#x/y' }, signal)
    const query = new URL(seen[0]?.url ?? '', 'http://x').searchParams
    expect([query.get('head'), query.get('state')]).toEqual(['me:a&state=closed#x/y', 'all'])
  })
  test('an OAuth app’s id and secret go as basic authentication', async () => {
    const { reader, seen } = await startReaderHarness((_, response) => sendJson(response, 200, rawRun()), {
      tokens: ['id:secret'],
    })
    await reader.run(signal)
    expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('id:secret').toString('base64')}`)
  })
})

describe('one job', () => {
  test('is asked for by its id alone, at the price of one request', async () => {
    const { reader, seen } = await startReaderHarness((_, response) => sendJson(response, 200, rawJob()))
    expect(await reader.job(5_001, signal)).toMatchObject({ kind: 'found', value: { id: 5_001 }, counted: true })
    expect(seen.map(({ url }) => url)).toEqual(['/repos/base-org/project/actions/jobs/5001'])
  })
})

describe('the events of a pull request', () => {
  const serving =
    (total: number): AnswerRequest =>
    ({ url }, response) => {
      const page = Number(new URL(url, 'http://x').searchParams.get('page'))
      const count = Math.max(Math.min(total - (page - 1) * 100, 100), 0)
      sendJson(response, 200, Array(count).fill({ event: 'labeled', created_at: '2026-01-01T00:00:00Z' }))
    }
  test.each([
    [0, 0, 1],
    [99, 99, 1],
    [100, 100, 2],
    [299, 299, 3],
  ])('of which there are %i', async (total, read, requests) => {
    const { reader, seen } = await startReaderHarness(serving(total))
    expect((await reader.pullRequestEvents(42, signal)).events).toHaveLength(read)
    expect(seen).toHaveLength(requests)
    expect(seen[0]?.url).toMatch(/^\/repos\/[^/]+\/[^/]+\/issues\/42\/events\?/)
  })
  test('are not known when there are more than can be read, or none can', async () => {
    const { reader, seen } = await startReaderHarness(serving(300))
    expect(await reader.pullRequestEvents(42, signal)).toMatchObject({ events: undefined })
    expect(seen).toHaveLength(3)
    const { reader: other } = await startReaderHarness((_, response) => sendJson(response, 404, {}))
    expect(await other.pullRequestEvents(42, signal)).toMatchObject({ events: undefined })
  })
})

describe('lists', () => {
  const pages =
    (total: number): AnswerRequest =>
    ({ url }, response) => {
      const page = Number(new URL(url, 'http://x').searchParams.get('page'))
      const left = Math.max(Math.min(total - (page - 1) * 100, 100), 0)
      const artifacts = Array.from({ length: left }, (_, index) => rawArtifact(`a-${page}-${index}`))
      sendJson(response, 200, { total_count: total, artifacts }, { etag: `"${page}"` })
    }
  test.each([
    [0, 1, 0],
    [100, 1, 100],
    [101, 2, 101],
    [900, 5, 500],
  ])('of %i artifacts are read in %i requests', async (total, requests, items) => {
    const { reader, seen } = await startReaderHarness(pages(total))
    const listing = await reader.newestArtifacts(signal)
    expect([listing.items.length, listing.counted, seen.length]).toEqual([items, requests, requests])
  })
  test('of jobs name the attempt in their address', async () => {
    const { reader, seen } = await startReaderHarness((_, response) =>
      sendJson(response, 200, { total_count: 1, jobs: [rawJob()] }),
    )
    expect((await reader.jobs(3, signal)).items[0]).toMatchObject({ id: 5_001, status: 'in_progress' })
    expect(seen[0]?.url).toBe('/repos/base-org/project/actions/runs/9000000001/attempts/3/jobs?per_page=100&page=1')
  })
  test('of jobs are read up to the page that is enough, and say whether they are all', async () => {
    const { reader, seen } = await startReaderHarness(({ url }, response) => {
      const page = Number(new URL(url, 'http://x').searchParams.get('page'))
      const jobs = Array.from({ length: 100 }, (_, index) => rawJob({ id: page * 1_000 + index }))
      sendJson(response, 200, { total_count: 900, jobs })
    })
    const found = await reader.jobs(1, signal, page => page.some(job => job.id === 2_050))
    expect([seen.length, found.items.length, found.complete]).toEqual([2, 200, false])
    expect(await reader.jobs(1, signal)).toMatchObject({ counted: 5, complete: false })
  })
  test('that are cut short end there, and are not said to be all', async () => {
    const { reader, seen } = await startReaderHarness((_, response) =>
      sendJson(response, 200, { total_count: 7, jobs: [rawJob()] }),
    )
    expect(await reader.jobs(1, signal)).toMatchObject({ items: [{ id: 5_001 }], complete: false })
    expect(seen).toHaveLength(1)
  })
  test('that are gone are empty', async () => {
    const { reader } = await startReaderHarness((_, response) => sendJson(response, 404, {}))
    expect(await reader.newestArtifacts(signal)).toEqual({ items: [], counted: 1, complete: true })
  })
  test('of artifacts ask for the newest first and end with the page that is enough', async () => {
    const { reader, seen } = await startReaderHarness(pages(400))
    const listing = await reader.newestArtifacts(signal, page => page.some(({ name }) => name === 'a-2-7'))
    expect([listing.items.length, listing.complete, seen.length]).toEqual([200, false, 2])
    expect(new URL(seen[0]?.url ?? '', 'http://x').searchParams.get('direction')).toBe('desc')
  })
  test('of artifacts of one name ask for exactly that', async () => {
    const { reader, seen } = await startReaderHarness((_, response) =>
      sendJson(response, 200, { total_count: 1, artifacts: [rawArtifact('a&b')] }),
    )
    expect((await reader.artifactsNamed('a&b', signal)).items).toHaveLength(1)
    expect(new URL(seen[0]?.url ?? '', 'http://x').searchParams.get('name')).toBe('a&b')
  })
})

describe('a finished job’s log', () => {
  const redirecting =
    (location: (request: SeenRequest) => string, log: AnswerRequest): AnswerRequest =>
    (request, response) => {
      if (request.url.startsWith('/blob')) log(request, response)
      else response.writeHead(302, { location: location(request) }).end()
    }
  test('is fetched from where the redirect points, without the credential', async () => {
    const here = ({ headers }: SeenRequest) => `http://${headers.host}/blob?sig=1`
    const { reader, seen } = await startReaderHarness(redirecting(here, (_, response) => response.end('lines')))
    expect(await reader.jobLog(5, signal)).toEqual({ text: 'lines', counted: 1 })
    expect(seen[0]?.headers.authorization).toBe('Bearer token-one')
    expect(seen[1]?.headers.authorization).toBeUndefined()
  })
  test('that is not there yet is undefined', async () => {
    const here = ({ headers }: SeenRequest) => `http://${headers.host}/blob`
    const { reader } = await startReaderHarness(
      redirecting(here, (_, response) => response.writeHead(404).end('<Error/>')),
    )
    expect(await reader.jobLog(5, signal)).toEqual({ text: undefined, counted: 1 })
  })
  test.each(['ftp://127.0.0.1/x', 'file:///etc/passwd', 'not an address', 'javascript:alert(1)'])(
    'at %s is not fetched',
    async location => {
      const { reader, seen } = await startReaderHarness(
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
    const again: AnswerRequest = (_, response) => response.writeHead(302, { location: '/blob' }).end()
    const { reader, seen } = await startReaderHarness(redirecting(here, again))
    await expect(reader.jobLog(5, signal)).rejects.toMatchObject({ kind: 'server-error' })
    expect(seen).toHaveLength(2)
  })
  test('that is too large is a malformed answer', async () => {
    const here = ({ headers }: SeenRequest) => `http://${headers.host}/blob`
    const large: AnswerRequest = (_, response) => response.end('x'.repeat(200_000))
    const { reader } = await startReaderHarness(redirecting(here, large))
    await expect(reader.jobLog(5, signal)).rejects.toMatchObject({ kind: 'malformed' })
  })
})
