import { AppError } from '@forkproof/contracts/errors'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { presentedBuild } from '../../builds/build-token.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { bearerOf } from '../bearer.ts'
import { BuildParams, buildTokenSecurity } from './build-state.ts'
import { buildProblems } from './builds.ts'
import { ignoringBody } from './ignored-body.ts'

const FinishBody = z.strictObject({ result: z.enum(['success', 'error', 'canceled']) })
const Canceling = z.object({ cancelsAt: z.iso.datetime(), outcome: z.string().optional() })
const done = z.null().meta({ description: 'noted' })
const shared = { tags: ['builds'], security: buildTokenSecurity, params: BuildParams }

/** What a client says of its build. Each may be said again. */
export function buildLifecycleRoutes(app: GatewayApp, deps: RouteDeps): void {
  const { builds, requestLimits } = deps
  const onRequest = async (request: FastifyRequest) => requestLimits.countRequest(request.ip)
  app.post('/v1/builds/:id/finish', {
    schema: { summary: 'The build is done', ...shared, body: FinishBody, response: { 204: done, ...buildProblems } },
    onRequest,
    handler: async (request, reply) => {
      const { buildId } = await presentedBuild(bearerOf(request.headers.authorization), request.params.id)
      await builds.finish(buildId, request.body.result)
      return reply.code(204).send(null)
    },
  })
  ignoringBody(app, scope => {
    scope.delete('/v1/builds/:id', {
      schema: { summary: 'Cancel the build', ...shared, response: { 204: done, ...buildProblems } },
      onRequest,
      handler: async (request, reply) => {
        const { buildId } = await presentedBuild(bearerOf(request.headers.authorization), request.params.id)
        await builds.finish(buildId, 'canceled')
        return reply.code(204).send(null)
      },
    })
    buildHealthRoute(scope, deps)
  })
}

/**
 * Passed on without asking the build, so that it counts while Temporal is away, too. Whether the build is over is
 * looked up afterwards, at most every five seconds, and answered the next time.
 */
function buildHealthRoute(app: GatewayApp, { follower, heartbeats, requestLimits, clock, log }: RouteDeps): void {
  app.post('/v1/builds/:id/health', {
    schema: {
      summary: 'The client lives; said each ten seconds while it is not connected to a builder',
      ...shared,
      response: { 200: Canceling.meta({ description: 'the build is over' }), 204: done, ...buildProblems },
    },
    onRequest: async request => requestLimits.countRequest(request.ip),
    handler: async (request, reply) => {
      const { buildId } = await presentedBuild(bearerOf(request.headers.authorization), request.params.id)
      const known = follower.known(buildId)
      if (known?.phase === 'ending' || known?.phase === 'ended') {
        const cancelsAt = new Date(Math.min(clock.now(), known.expiresAtMs)).toISOString()
        return reply.code(200).send({ cancelsAt, ...(known.outcome && { outcome: known.outcome }) })
      }
      heartbeats.alive(buildId)
      follower.recent(buildId).catch(err => {
        if (!(err instanceof AppError)) log.warn({ err, buildId }, 'a build could not be looked at')
      })
      return reply.code(204).send(null)
    },
  })
}
