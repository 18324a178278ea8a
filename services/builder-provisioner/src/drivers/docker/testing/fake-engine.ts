import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type EngineRoute = (request: IncomingMessage, response: ServerResponse) => void

export const jsonRoute =
  (status: number, value: unknown): EngineRoute =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

/** Never answers. */
export const silence: EngineRoute = () => {}

export const goodInfo = {
  SecurityOptions: ['name=seccomp,profile=default', 'name=userns'],
  Architecture: 'x86_64',
  CgroupVersion: '2',
  DockerRootDir: '/var/lib/docker/231072.231072',
  MemoryLimit: true,
  PidsLimit: true,
  CpuCfsQuota: true,
}

/** In place of the Docker daemon, on a unix socket. Routes are `METHOD /path` without version and query. */
export async function startFakeEngine(routes: Readonly<Record<string, EngineRoute>>, apiVersion = '1.41') {
  const folder = await mkdtemp(join(tmpdir(), 'forkproof-engine-'))
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    requests.push(`${request.method} ${request.url}`)
    if (path === '/_ping') return void response.writeHead(200, { 'api-version': apiVersion }).end('OK')
    const route = routes[`${request.method} ${path.replace(/^\/v[0-9.]+/, '')}`]
    if (route === undefined) return jsonRoute(404, { message: 'page not found' })(request, response)
    route(request, response)
  })
  const socketPath = join(folder, 'engine.sock')
  await new Promise<void>(resolve => server.listen(socketPath, resolve))
  return {
    socketPath,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
