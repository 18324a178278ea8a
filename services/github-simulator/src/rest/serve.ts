import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Outcome } from '../access/request-counters.ts'
import type { Simulation } from '../simulation.ts'
import { type Answer, failure, idOf, type RestCall } from './answer.ts'
import { entityTag, matchesEntityTag } from './etag.ts'
import { limitHeaders, refusal } from './refusal.ts'

export type RestHandler = (call: RestCall) => Answer

export interface RestRoute {
  /** Name in the counters, in GitHub's documentation form. */
  name: string
  handler: RestHandler
  /** Costs nothing and is never refused by the primary limit: /rate_limit. */
  isFree?: boolean
}

const apiVersions = ['2022-11-28', '2026-03-10']
const defaultApiVersion = '2022-11-28'
const vary = 'Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, X-Requested-With'

/**
 * One request from arrival to answer. The latency lies half before and half after the state is read, as on a
 * network; counting happens when the state is read.
 */
export async function serveRest(
  simulation: Simulation,
  route: RestRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const dials = simulation.dials.read(dialledRepository(simulation, request))
  if (dials.hang) return leaveOpen(reply)
  if (dials.latencyMs > 0) await simulation.store.clock.sleep(dials.latencyMs / 2)
  const answer = answerFor(simulation, route, request)
  if (dials.latencyMs > 0) await simulation.store.clock.sleep(dials.latencyMs / 2)
  const isJson = answer.text !== ''
  if (isJson && simulation.dials.chance(dials.truncateRate)) return sendTruncated(reply, answer)
  const isMalformed = isJson && simulation.dials.chance(dials.malformedJsonRate)
  reply.status(answer.status).headers(answer.headers)
  // Without the last character no JSON document of ours parses, while the length still fits.
  await reply.send(isMalformed ? answer.text.slice(0, -1) : answer.text)
}

interface FinalAnswer {
  status: number
  headers: Record<string, string>
  text: string
}

function answerFor(simulation: Simulation, route: RestRoute, request: FastifyRequest): FinalAnswer {
  const viewer = simulation.credentials.identify(request.headers.authorization, request.ip)
  if (viewer === undefined) {
    simulation.counters.count('rest', route.name, 'unknown credential', 'rejected')
    return finish(failure(401, 'Bad credentials'), request, defaultApiVersion, {})
  }
  const call = describeCall(simulation, request, viewer)
  if (request.headers['user-agent'] === undefined) {
    const message = 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.'
    return finish(failure(403, message), request, call.apiVersion, {})
  }
  if (!apiVersions.includes(call.apiVersion)) {
    return finish(failure(400, 'The API version is not supported.'), request, defaultApiVersion, {})
  }
  const refused = refusal(call, route.isFree === true)
  if (refused !== undefined) {
    simulation.counters.count('rest', route.name, viewer.name, 'rejected')
    return finish(refused, request, call.apiVersion, limitHeaders(call))
  }
  return conditional(call, route, request)
}

/** Answers, or says 304: free for those who authorized, while anonymous ones pay for it (facts C3). */
function conditional(call: RestCall, route: RestRoute, request: FastifyRequest): FinalAnswer {
  const { simulation, viewer } = call
  const answer = route.handler(call)
  const validated = finish(answer, request, call.apiVersion, {})
  let outcome: Outcome = 'counted'
  if (answer.status === 200) {
    const isWeak = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    const tag = entityTag(viewer.name, call.target, validated.text, isWeak)
    const scope = viewer.isAuthenticated ? 'private' : 'public'
    Object.assign(validated.headers, { etag: tag, 'cache-control': `${scope}, max-age=60, s-maxage=60` })
    if (matchesEntityTag(request.headers['if-none-match'], tag)) {
      outcome = 'notModified'
      if (viewer.isAuthenticated && route.isFree !== true) simulation.limits.giveBack(viewer, call.now)
      validated.status = 304
      validated.text = ''
      delete validated.headers['content-type']
    }
  }
  simulation.counters.count('rest', route.name, viewer.name, outcome)
  Object.assign(validated.headers, limitHeaders(call))
  return validated
}

function finish(
  answer: Answer,
  request: FastifyRequest,
  apiVersion: string,
  extra: Record<string, string>,
): FinalAnswer {
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body)
  const headers: Record<string, string> = {
    vary,
    'x-github-api-version-selected': apiVersion,
    'x-github-media-type': 'github.v3; format=json',
    'x-github-request-id': request.id,
    ...(text === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...answer.headers,
    ...extra,
  }
  return { status: answer.status, headers, text }
}

function describeCall(simulation: Simulation, request: FastifyRequest, viewer: RestCall['viewer']): RestCall {
  const version = request.headers['x-github-api-version']
  return {
    simulation,
    viewer,
    dials: simulation.dials.read(dialledRepository(simulation, request)),
    params: request.params as Record<string, string>,
    query: new URL(request.url, 'http://localhost').searchParams,
    target: request.url,
    links: { api: simulation.origin.base, html: simulation.origin.serverUrl },
    now: simulation.store.now(),
    apiVersion: typeof version === 'string' ? version : defaultApiVersion,
  }
}

/** Which repository's own dials apply. */
function dialledRepository(simulation: Simulation, request: FastifyRequest): number | undefined {
  const params = request.params as Record<string, string | undefined>
  if (params['repositoryId'] !== undefined) return idOf(params['repositoryId'])
  return simulation.store.findRepository(params['owner'] ?? '', params['repo'] ?? '')?.id
}

/** The connection stays until the client gives up or the simulator stops. */
export function leaveOpen(reply: FastifyReply): void {
  reply.hijack()
}

function sendTruncated(reply: FastifyReply, answer: FinalAnswer): void {
  reply.hijack()
  const bytes = Buffer.from(answer.text)
  reply.raw.writeHead(answer.status, { ...answer.headers, 'content-length': bytes.length })
  reply.raw.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => reply.raw.destroy())
}
