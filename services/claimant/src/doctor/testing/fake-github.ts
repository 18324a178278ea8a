import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'

interface FakeGithubAnswer {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers by the path without its query; the request's headers and how often that path was asked, from 1. */
export type FakeGithubRoutes = Readonly<Record<string, (request: IncomingMessage, attempt: number) => FakeGithubAnswer>>

/**
 * GitHub's REST API, which answers as told and 404 otherwise.
 * @param now its clock, in milliseconds since the epoch
 */
export async function startFakeGithub(routes: FakeGithubRoutes, now: () => number) {
  const asked: string[] = []
  const authorizations = new Set<string | undefined>()
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    asked.push(path)
    authorizations.add(request.headers.authorization)
    const answer = routes[path]?.(request, asked.filter(one => one === path).length) ?? { status: 404, body: {} }
    const body = answer.body === undefined ? '' : JSON.stringify(answer.body)
    const date = new Date(now()).toUTCString()
    response.writeHead(answer.status ?? 200, { date, ...answer.headers }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    apiUrl: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    asked,
    authorizations,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
