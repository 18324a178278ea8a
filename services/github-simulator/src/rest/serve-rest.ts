import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RestViewer } from '../access/credential-store.ts'
import type { RequestOutcome } from '../access/request-counters.ts'
import type { SimulatorState } from '../simulator-state.ts'
import { entityTag, matchesEntityTag } from './entity-tag.ts'
import { limitHeaders, rejectRequest } from './reject-request.ts'
import { errorAnswer, type RestAnswer } from './rest-answer.ts'
import { parseId, type RestCall } from './rest-call.ts'

export type RestHandler = (call: RestCall) => RestAnswer

interface RestRoute {
  /** Name in the counters, in GitHub's documentation form. */
  name: string
  handler: RestHandler
  /** GitHub's page about it. */
  documentation: string
  /** Costs nothing and is never refused by the primary limit: /rate_limit. */
  isFree?: boolean
  /** Who asks, or the refusal, where it is not a known credential. */
  identify?: () => RestViewer | RestAnswer
}

const apiVersions = ['2022-11-28', '2026-03-10']
const defaultApiVersion = '2022-11-28'
const vary = 'Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, X-Requested-With'

/**
 * One request from arrival to answer. Half of the latency passes before the state is read and half after, as on a
 * network. The request is counted when the state is read.
 */
export async function serveRest(
  state: SimulatorState,
  route: RestRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const behaviour = state.behaviour.read(repositoryIdOf(state, request))
  if (behaviour.hang) return leaveOpen(reply)
  const asked = identify(state, route, request)
  if (!('status' in asked)) reply.raw.once('close', state.secondaryLimits.open(asked.bucket))
  if (behaviour.latencyMs > 0) await state.store.clock.sleep(behaviour.latencyMs / 2)
  const answer = answerFor(state, route, request)
  if (behaviour.latencyMs > 0) await state.store.clock.sleep(behaviour.latencyMs / 2)
  const isJson = answer.text !== ''
  if (isJson && state.behaviour.chance(behaviour.truncateRate)) return sendTruncated(reply, answer)
  const isMalformed = isJson && state.behaviour.chance(behaviour.malformedJsonRate)
  reply.status(answer.status).headers(answer.headers)
  // Without its last character the JSON does not parse. The content length fits what is sent.
  await reply.send(isMalformed ? answer.text.slice(0, -1) : answer.text)
}

interface FinalAnswer {
  status: number
  headers: Record<string, string>
  text: string
}

function answerFor(state: SimulatorState, route: RestRoute, request: FastifyRequest): FinalAnswer {
  const viewer = identify(state, route, request)
  if ('status' in viewer) {
    state.counters.count('rest', route.name, 'unknown credential', 'rejected')
    return finalAnswer(viewer, state, request, defaultApiVersion)
  }
  const call = describeCall(state, route, request, viewer)
  if (request.headers['user-agent'] === undefined) {
    const message = 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.'
    return finalAnswer(errorAnswer(403, message), state, request, call.apiVersion)
  }
  if (!apiVersions.includes(call.apiVersion)) {
    return finalAnswer(errorAnswer(400, 'The API version is not supported.'), state, request, defaultApiVersion)
  }
  const refused = rejectRequest(call, route.isFree === true)
  if (refused !== undefined) {
    state.counters.count('rest', route.name, viewer.name, 'rejected')
    return finalAnswer(refused, state, request, call.apiVersion, limitHeaders(call))
  }
  return conditionalAnswer(call, route, request)
}

function identify(state: SimulatorState, route: RestRoute, request: FastifyRequest): RestViewer | RestAnswer {
  if (route.identify !== undefined) return route.identify()
  const { authorization } = request.headers
  const viewer = state.credentials.identify(authorization, request.ip, state.store.now())
  return viewer ?? errorAnswer(401, 'Bad credentials')
}

/** The answer, or 304, which is free for authorized requests only (docs/facts/github.md#conditional-requests). */
function conditionalAnswer(call: RestCall, route: RestRoute, request: FastifyRequest): FinalAnswer {
  const { state, viewer } = call
  const answer = route.handler(call)
  const validated = finalAnswer(answer, state, request, call.apiVersion)
  let outcome: RequestOutcome = 'counted'
  if (answer.status === 200) {
    const isWeak = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    const tag = entityTag(viewer.name, call.target, validated.text, isWeak)
    const scope = viewer.isAuthenticated ? 'private' : 'public'
    Object.assign(validated.headers, { etag: tag, 'cache-control': `${scope}, max-age=60, s-maxage=60` })
    if (matchesEntityTag(request.headers['if-none-match'], tag)) {
      outcome = 'notModified'
      if (viewer.isAuthenticated && route.isFree !== true) state.limits.giveBack(viewer, call.now)
      validated.status = 304
      validated.text = ''
      delete validated.headers['content-type']
    }
  }
  state.counters.count('rest', route.name, viewer.name, outcome)
  Object.assign(validated.headers, limitHeaders(call))
  return validated
}

function finalAnswer(
  answer: RestAnswer,
  state: SimulatorState,
  request: FastifyRequest,
  apiVersion: string,
  extra: Record<string, string> = {},
): FinalAnswer {
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body)
  const headers: Record<string, string> = {
    vary,
    date: new Date(state.store.now()).toUTCString(),
    'x-github-api-version-selected': apiVersion,
    'x-github-media-type': 'github.v3; format=json',
    'x-github-request-id': request.id,
    ...(text === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...answer.headers,
    ...extra,
  }
  return { status: answer.status, headers, text }
}

function describeCall(
  state: SimulatorState,
  route: RestRoute,
  request: FastifyRequest,
  viewer: RestCall['viewer'],
): RestCall {
  const version = request.headers['x-github-api-version']
  return {
    state,
    viewer,
    behaviour: state.behaviour.read(repositoryIdOf(state, request)),
    params: request.params as Record<string, string>,
    query: new URL(request.url, 'http://localhost').searchParams,
    target: request.url,
    links: { api: state.origin.base, html: state.origin.serverUrl },
    now: state.store.now(),
    apiVersion: typeof version === 'string' ? version : defaultApiVersion,
    documentation: route.documentation,
    points: request.method === 'GET' || request.method === 'HEAD' ? 1 : 5,
  }
}

/** The repository whose own behaviour applies. */
function repositoryIdOf(state: SimulatorState, request: FastifyRequest): number | undefined {
  const params = request.params as Record<string, string | undefined>
  if (params['repositoryId'] !== undefined) return parseId(params['repositoryId'])
  return state.store.findRepository(params['owner'] ?? '', params['repo'] ?? '')?.id
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
