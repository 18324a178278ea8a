import { Readable } from 'node:stream'
import { BuildAnswer } from '@forkproof/contracts/build'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { answerWith } from '../../builds/build-answer.ts'
import { buildEvents, eventStreamType, lastSeenVersion } from '../../builds/build-events.ts'
import { type PresentedBuild, presentedBuild } from '../../builds/build-token.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { bearerOf } from '../bearer.ts'
import { disconnectSignal } from '../disconnect-signal.ts'
import { buildProblems } from './builds.ts'

export const buildTokenSecurity = [{ buildToken: [] }]
export const BuildParams = z.object({ id: z.string() })
/** How long an event stream outlives its build's wall clock: until teardown and receipts are through. */
const streamSlackMs = 180_000

const Query = z.object({
  version: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .meta({ description: 'the version that is known: held until there is a newer one, 20 s at most' }),
})

export function buildStateRoute(app: GatewayApp, deps: RouteDeps): void {
  app.get('/v1/builds/:id', {
    schema: {
      summary: 'The state of a build with how to reach its builders; long poll, or server-sent events when asked for',
      tags: ['builds'],
      security: buildTokenSecurity,
      params: BuildParams,
      querystring: Query,
      response: { 200: BuildAnswer, ...buildProblems },
    },
    onRequest: async request => deps.requestLimits.countRequest(request.ip),
    handler: async (request, reply) => {
      const build = await presentedBuild(bearerOf(request.headers.authorization), request.params.id)
      const wantsEvents = request.method === 'GET' && request.headers.accept?.includes(eventStreamType)
      if (wantsEvents) return sendEvents(deps, build, { request, reply })
      const state = await currentState(deps, build, { known: request.query.version, request, reply })
      return answerWith(state, build.token)
    },
  })
}

async function currentState(
  { follower, held, buildHoldMs }: RouteDeps,
  { buildId }: PresentedBuild,
  { known, request, reply }: { known: number; request: FastifyRequest; reply: FastifyReply },
) {
  if (known === 0) return follower.current(buildId)
  const hold = held.enter(request.ip, disconnectSignal(reply), buildHoldMs)
  try {
    return (
      (await follower.next(buildId, known, hold.signal)) ?? follower.known(buildId) ?? (await follower.current(buildId))
    )
  } finally {
    hold.leave()
  }
}

/** A build that is not there is said before the stream begins. */
async function sendEvents(
  { follower, held, clock }: RouteDeps,
  build: PresentedBuild,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
) {
  const { expiresAtMs } = await follower.current(build.buildId)
  const holdMs = Math.max(expiresAtMs - clock.now(), 0) + streamSlackMs
  const hold = held.enter(request.ip, disconnectSignal(reply), holdMs)
  reply.raw.once('close', hold.leave)
  const since = lastSeenVersion(request.headers['last-event-id'])
  const events = buildEvents(follower, build, { since, signal: hold.signal })
  // One event ahead at most: a slow reader gets the newest states, not all of them.
  const stream = Readable.from(events, { objectMode: true, highWaterMark: 1 })
  return reply.type(eventStreamType).header('x-accel-buffering', 'no').send(stream)
}
