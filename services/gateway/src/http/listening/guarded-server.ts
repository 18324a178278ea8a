import { createServer, type Server, type ServerOptions } from 'node:http'
import { SecuredResponse } from '../security-headers.ts'
import type { DescribeBrokenRequest } from './broken-request.ts'
import { ConnectionGuard, type HttpHandler } from './connection-guard.ts'
import type { DrainLimits } from './lingering-close.ts'

interface GuardedServerOptions {
  readonly describe: DescribeBrokenRequest
  readonly drain: DrainLimits
  /** Node's own limits. */
  readonly node: Pick<
    ServerOptions,
    'maxHeaderSize' | 'headersTimeout' | 'requestTimeout' | 'connectionsCheckingInterval'
  >
}

/** A server of HTTP/1.1. All of its answers have the security headers, also those to bytes that are not a request. */
export function createGuardedServer(handler: HttpHandler, { describe, drain, node }: GuardedServerOptions): Server {
  const guard = new ConnectionGuard(describe, drain)
  const options = { ...node, ServerResponse: SecuredResponse, requireHostHeader: false }
  const server = createServer(options, guard.guarded(handler))
  server.on('checkExpectation', guard.refuseExpectation)
  server.on('clientError', guard.answerBrokenRequest)
  return server
}
