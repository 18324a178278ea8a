import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '@forkproof/infra/log'

const requestMsMax = 5_000
const connectionsMax = 16

interface MetricsServerOptions {
  readonly host: string
  readonly port: number
}

interface MetricsServerDeps {
  readonly contentType: string
  readonly render: () => Promise<string>
  readonly log: Logger
}

/** Answers `GET /metrics` and nothing else. It reads no body and no parameter. */
export async function startMetricsServer(
  { host, port }: MetricsServerOptions,
  { contentType, render, log }: MetricsServerDeps,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { connection: 'close' }).end()
      return
    }
    render().then(
      text => response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text),
      err => {
        log.error({ err }, 'the metrics could not be rendered')
        response.writeHead(500).end()
      },
    )
  })
  server.requestTimeout = requestMsMax
  server.headersTimeout = requestMsMax
  server.maxConnections = connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: listening } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listening}/metrics`,
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
