import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { Code, ConnectError, createContextKey, createContextValues, type Interceptor } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { AppError, errorTable } from '@forkproof/contracts/errors'
import type { Logger } from '@forkproof/infra/log'
import type { GatewayMetrics } from '../gateway-metrics.ts'
import { bearerOf } from '../http/bearer.ts'
import type { RequestLimits } from '../throttling/request-limits.ts'
import { type BuildServiceDeps, buildService } from './build-service.ts'
import type { ClientAddresses } from './client-address.ts'
import { asConnectError } from './connect-errors.ts'
import { BuildService } from './generated-messages.ts'
import { depotLimits } from './limits.ts'

export interface DepotDeps extends BuildServiceDeps {
  readonly requestLimits: RequestLimits
  readonly metrics: GatewayMetrics
  readonly log: Logger
}

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse
export type DepotHandler = (request: Request, response: Response) => void

const callerAddressKey = createContextKey('', { description: 'whom the call counts for' })
const progressPath = `/${BuildService.typeName}/${BuildService.method.reportStatusStream.name}`

/**
 * Broken UTF-8 is refused and not repaired, as it is in protobuf's own encoding. The adapter hands this on to its
 * JSON reader.
 */
const strictJson = {
  ignoreUnknownFields: true,
  textDecoder: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
}

/** The Connect protocol over either HTTP; everything that is not one of our methods is unimplemented. */
export function depotHandler(
  deps: DepotDeps,
  { addresses, stopping, callMsMax }: { addresses: ClientAddresses; stopping: AbortSignal; callMsMax: number },
): DepotHandler {
  const handle = connectNodeAdapter({
    grpc: false,
    grpcWeb: false,
    readMaxBytes: depotLimits.messageBytesMax,
    writeMaxBytes: depotLimits.messageBytesMax,
    maxTimeoutMs: depotLimits.clientTimeoutMsMax,
    shutdownSignal: stopping,
    jsonOptions: strictJson,
    interceptors: [translateErrors(deps)],
    contextValues: request => createContextValues().set(callerAddressKey, addresses.of(request)),
    requestGate: ({ values, requestHeader }) =>
      refuseEarly(deps.requestLimits, values.get(callerAddressKey), requestHeader),
    routes: router => router.service(BuildService, buildService(deps)),
    fallback: (_request, response) => sendUnimplemented(response),
  })
  return (request, response) => {
    boundCall(request, response, request.url === progressPath ? depotLimits.progressMsMax : callMsMax)
    handle(request, response)
  }
}

/** Before a message is read. What the bearer is worth is each method's own question. */
function refuseEarly(limits: RequestLimits, address: string, headers: Headers): void {
  try {
    limits.countRequest(address)
    if (!bearerOf(headers.get('authorization') ?? undefined)) throw new AppError('access_token_invalid')
  } catch (error) {
    throw asConnectError(error).error
  }
}

/** Ends the call of a client that sends or reads too slowly. */
function boundCall(request: Request, response: Response, msMax: number): void {
  const cut = () => {
    if ('stream' in response && response.stream) response.stream.close(constants.NGHTTP2_CANCEL)
    else request.socket.destroy()
  }
  const timer = setTimeout(cut, msMax)
  response.once('close', () => clearTimeout(timer))
}

/** Our errors as the client understands them, counted and, where they are ours, logged. */
function translateErrors({ metrics, log }: DepotDeps): Interceptor {
  return next => async request => {
    const counted = request.method === BuildService.method.createBuild
    const count = (code: string) => (counted ? metrics.builds.inc({ api: 'depot', code }) : undefined)
    try {
      const answer = await next(request)
      count('started')
      return answer
    } catch (thrown) {
      const { error, cause } = asConnectError(thrown)
      count(cause.code)
      if (errorTable[cause.code].status >= 500 && cause.cause !== undefined) {
        log.error({ method: request.method.name, code: cause.code, err: cause.cause }, 'a call failed')
      }
      throw error
    }
  }
}

function sendUnimplemented(response: Parameters<ReturnType<typeof connectNodeAdapter>>[1]): void {
  const { message } = new ConnectError('this server has no such method', Code.Unimplemented)
  response.statusCode = 501
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ code: 'unimplemented', message }))
}
