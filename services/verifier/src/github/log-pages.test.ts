import { RepositoryName, RunId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { describe, expect, test } from 'vitest'
import { sendJson, startFakeHttpServer } from '../testing/fake-http-server.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { createLogPages, findHiddenJobId } from './log-pages.ts'

const target = { repository: RepositoryName.parse('base-org/pro.ject'), runId: RunId.parse('77') }
const signal = new AbortController().signal
const fetch = boundedFetch({ timeoutMs: 5_000, bytesMax: 10_000 })
const link = (repository: string, runId: string, hidden = 'abc123') =>
  `<a href="/${repository}/actions/runs/${runId}/jobs/${hidden}/steps/s-1/backscroll">`

async function pagesOver(answer: Parameters<typeof startFakeHttpServer>[0]) {
  const server = await startFakeHttpServer(answer)
  const pages = createLogPages({ fetch, webUrl: `${server.url}/web`, cookie: new Secret('session-secret') }, target)
  return { ...server, pages }
}

describe('the hidden id of a job', () => {
  test('is the one of this repository and run, in any spelling of the name', () => {
    const html =
      link('other/repo', '77', 'no1') + link('base-org/pro.ject', '78', 'no2') + link('Base-Org/pro.ject', '77')
    expect(findHiddenJobId(html, target)).toBe('abc123')
  })
  test.each([
    ['of another repository', link('evil/pro.ject', '77')],
    ['of a repository that only matches as a pattern', link('base-org/proXject', '77')],
    ['of another run', link('base-org/pro.ject', '777')],
    ['that is a path', link('base-org/pro.ject', '77', '../x')],
    ['in an empty page', ''],
  ])('%s is not taken', (_, html) => {
    expect(findHiddenJobId(html, target)).toBeUndefined()
  })
})

describe('pages', () => {
  test('are asked for with the session cookie', async () => {
    const { pages, seen } = await pagesOver(({ url }, response) => {
      if (url.endsWith('/job/5')) response.end(link('base-org/pro.ject', '77'))
      else if (url.endsWith('/steps'))
        sendJson(response, 200, [{ id: 's-1', name: 'x', status: 'in_progress', number: 1 }])
      else
        sendJson(response, 200, {
          lines: [
            { id: 1, line: 'one' },
            { id: 2, line: 'two' },
          ],
        })
    })
    expect(await pages.hiddenJobId(5, signal)).toBe('abc123')
    expect(await pages.steps('abc123', signal)).toEqual([{ id: 's-1', status: 'in_progress' }])
    expect(await pages.lines('abc123', 's-1', signal)).toEqual(['one', 'two'])
    expect(seen.map(request => request.url)).toEqual([
      '/web/base-org/pro.ject/actions/runs/77/job/5',
      '/web/base-org/pro.ject/actions/runs/77/jobs/abc123/steps',
      '/web/base-org/pro.ject/actions/runs/77/jobs/abc123/steps/s-1/backscroll',
    ])
    expect(seen.every(request => request.headers.cookie === 'user_session=session-secret')).toBe(true)
  })
  test('that lead to the sign-in page say that the session is over, and do not go there', async () => {
    const { pages, seen } = await pagesOver((_, response) => response.writeHead(302, { location: '/login' }).end())
    await expect(pages.steps('abc', signal)).rejects.toMatchObject({ kind: 'forbidden' })
    expect(seen).toHaveLength(1)
  })
  test.each<[number, string]>([
    [500, 'server-error'],
    [429, 'limited'],
    [403, 'forbidden'],
  ])('with status %i are a fault of kind %s', async (status, kind) => {
    const { pages } = await pagesOver((_, response) => response.writeHead(status).end())
    await expect(pages.steps('abc', signal)).rejects.toMatchObject({ kind })
  })
  test.each(['[{"id":"../../x","status":"in_progress"}]', '{}', '[{', 'null', '[{"id":"s"}]'])(
    'with the steps %s are malformed',
    async body => {
      const { pages } = await pagesOver((_, response) => response.end(body))
      await expect(pages.steps('abc', signal)).rejects.toMatchObject({ kind: 'malformed' })
    },
  )
  test('that are not there yet are empty', async () => {
    const { pages } = await pagesOver((_, response) => response.writeHead(404).end())
    expect(await pages.hiddenJobId(5, signal)).toBeUndefined()
    expect(await pages.lines('abc', 's-1', signal)).toEqual([])
  })
  test('say nothing of the cookie when they fail', async () => {
    const { pages } = await pagesOver((_, response) => response.writeHead(500).end('session-secret'))
    const fault = await pages.steps('abc', signal).catch((error: unknown) => error)
    expect(JSON.stringify(fault) + String(fault)).not.toContain('session-secret')
  })
})
