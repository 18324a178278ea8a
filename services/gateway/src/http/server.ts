import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import swagger from '@fastify/swagger'
import { AppError } from '@forkproof/contracts/errors'
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { allowedMethods, type KnownRoute } from './allowed-methods.ts'
import type { GatewayApp, RouteDeps } from './app.ts'
import { decodeBody } from './decode-body.ts'
import { parseJsonBody } from './json-body.ts'
import { httpLimits } from './limits.ts'
import { describeAsProblem } from './listening/broken-request.ts'
import type { HttpHandler } from './listening/connection-guard.ts'
import { createGuardedServer } from './listening/guarded-server.ts'
import { buildLifecycleRoutes } from './routes/build-lifecycle.ts'
import { buildStateRoute } from './routes/build-state.ts'
import { buildsRoute } from './routes/builds.ts'
import { claimRoute } from './routes/claim.ts'
import { claimStateRoute } from './routes/claim-state.ts'
import { denialRoutes } from './routes/denials.ts'
import { discoveryRoutes } from './routes/discovery.ts'
import { exchangeRoute } from './routes/exchange.ts'
import { githubWebhookRoute } from './routes/github-webhook.ts'
import { healthRoutes } from './routes/health.ts'
import { metricsRoute } from './routes/metrics.ts'
import { oauthIntrospectRoute, oauthRevokeRoute } from './routes/oauth-access.ts'
import { oauthTokenRoute } from './routes/oauth-token.ts'
import { openapiRoute } from './routes/openapi.ts'
import { projectRoutes } from './routes/projects.ts'
import { relationshipRoutes } from './routes/relationships.ts'
import { shownRoute } from './routes/shown.ts'
import { trustExplainRoute } from './routes/trust-explain.ts'
import { securityHeaders } from './security-headers.ts'
import { sendProblem } from './send-problem.ts'

const bearer = { type: 'http', scheme: 'bearer' } as const

/** The whole public HTTP surface over its deps; does not listen yet. */
export async function createServer(deps: RouteDeps): Promise<GatewayApp> {
  const app = fastify(serverOptions(deps)).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.decorateReply('outcome', 'ok')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, bytes: Buffer) =>
    parseJsonBody(decodeBody(bytes)),
  )
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'forkproof gateway', version: '1' },
      servers: [{ url: deps.issuer }],
      components: { securitySchemes: { operatorToken: bearer, accessToken: bearer, buildToken: bearer } },
    },
    transform: jsonSchemaTransform,
  })
  app.setErrorHandler((error, request, reply) => sendProblem(deps.log, error, { request, reply }))
  observe(app, deps)
  refuseUnknown(app)
  const addRoutes = [
    claimRoute,
    exchangeRoute,
    shownRoute,
    claimStateRoute,
    discoveryRoutes,
    projectRoutes,
    relationshipRoutes,
    denialRoutes,
    oauthTokenRoute,
    oauthIntrospectRoute,
    oauthRevokeRoute,
    trustExplainRoute,
    buildsRoute,
    buildStateRoute,
    buildLifecycleRoutes,
    githubWebhookRoute,
    healthRoutes,
    metricsRoute,
    openapiRoute,
  ]
  for (const add of addRoutes) add(app, deps)
  await app.ready()
  return app
}

function serverOptions({ log, trustedProxies }: RouteDeps) {
  return {
    bodyLimit: httpLimits.bodyBytesMax,
    serverFactory: createListener,
    // The listener itself answers bytes that are not a request.
    clientErrorHandler: () => undefined,
    routerOptions: { maxParamLength: httpLimits.paramLengthMax },
    // With a number of hops alone, a client that connects directly could name any address; only listed proxies are
    // believed.
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    genReqId: () => randomUUID(),
    // While stopping, what still comes over open connections is answered as usual, and the connection then closed.
    return503OnClosing: false,
    logger: false,
    frameworkErrors: (error: { code: string }, request: FastifyRequest, reply: FastifyReply) => {
      const tooLong = error.code === 'FST_ERR_MAX_PARAM_LENGTH'
      return sendProblem(log, new AppError(tooLong ? 'not_found' : 'invalid_request'), { request, reply })
    },
  } as const
}

function createListener(handler: HttpHandler): Server {
  const { headerBytesMax, headersTimeoutMs, requestTimeoutMs, timeoutCheckMs } = httpLimits
  const server = createGuardedServer(handler, {
    describe: describeAsProblem,
    drain: httpLimits,
    node: {
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: timeoutCheckMs,
    },
  })
  server.keepAliveTimeout = httpLimits.keepAliveTimeoutMs
  server.setTimeout(httpLimits.idleSocketTimeoutMs)
  return server
}

/** Decided before a body is read, so that an unknown address costs nothing. */
function refuseUnknown(app: GatewayApp): void {
  const routes: KnownRoute[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, pattern: url.replaceAll('::', ':') })
  })
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return
    const methods = allowedMethods(request.url.split('?', 1)[0] ?? '', routes)
    if (methods.length === 0) throw new AppError('not_found')
    reply.header('allow', methods.join(', '))
    throw new AppError('method_not_allowed')
  })
  app.setNotFoundHandler(() => {
    throw new AppError('not_found')
  })
}

/**
 * Headers of every answer, the access log and the counters. The log has route patterns only: a path may hold a
 * ticket.
 */
function observe(app: GatewayApp, { metrics, log, held }: RouteDeps): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(securityHeaders)
  })
  app.addHook('onSend', async (_request, reply) => {
    // An answer that ends a hold must not leave an idle connection behind that the stop would wait for.
    if (held.closed) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, id: correlationId } = request
    const route = request.routeOptions.url ?? 'unknown'
    const { statusCode: status, outcome: code, elapsedTime } = reply
    metrics.requestSeconds.observe({ method, route, status: String(status) }, elapsedTime / 1_000)
    log.debug({ correlationId, method, route, status, code, durationMs: Math.round(elapsedTime) }, 'answered')
  })
}
