import { AppError } from '@forkproof/contracts/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { appErrorOf } from '../client-errors.ts'
import { decodeBody } from '../decode-body.ts'
import { retryAfterSecondsOf } from '../problem-document.ts'
import { logFailure } from '../send-problem.ts'
import { parseForm } from './form-body.ts'
import { OauthProblem, OauthRefusal, oauthProblemOf } from './oauth-error.ts'

const formContentType = 'application/x-www-form-urlencoded'
/** An ID token of the longest kind, percent-encoded where need be, and the rest of the form. */
const formBytesMax = 24_576

/** A form in; out, `answer` or OAuth's own errors. */
export const oauthSchema = <Body, Answer>(summary: string, body: Body, answer: Answer) => ({
  summary,
  tags: ['oauth'],
  consumes: [formContentType],
  body,
  response: {
    200: answer,
    '4xx': OauthProblem.meta({ description: 'refused (RFC 6749 section 5.2)' }),
    '5xx': OauthProblem.meta({ description: 'try again' }),
  },
})

/**
 * OAuth routes take forms and answer errors in OAuth's own shape (RFC 6749 section 5.2), as JSON, because that is
 * what its libraries read. `Accept` does not change it. What is answered before one of these routes is found has
 * the form of all others, a problem document: an unknown address, another method, a path that does not decode,
 * broken HTTP.
 */
export function oauthRoutes(app: GatewayApp, deps: RouteDeps, addRoutes: (scope: GatewayApp) => void): void {
  app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      formContentType,
      { parseAs: 'buffer', bodyLimit: formBytesMax },
      async (_request: FastifyRequest, bytes: Buffer) => parseForm(decodeBody(bytes)),
    )
    scope.addHook('onRequest', async (_request, reply) => {
      // RFC 6749 section 5.1, for caches of HTTP/1.0; Cache-Control: no-store is on every answer.
      reply.header('pragma', 'no-cache')
    })
    scope.addHook('preValidation', async request => {
      if (request.body === undefined) throw new AppError('invalid_request', { detail: `send ${formContentType}` })
    })
    scope.setErrorHandler((thrown, request, reply) => sendOauthProblem(deps, thrown, { request, reply }))
    addRoutes(scope)
    done()
  })
}

function sendOauthProblem(
  { log }: RouteDeps,
  thrown: unknown,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
) {
  const error = thrown instanceof OauthRefusal ? thrown : appErrorOf(thrown)
  const { status, body } = oauthProblemOf(error, request.id)
  reply.outcome = error.code
  if (!(error instanceof OauthRefusal)) {
    logFailure(log, error, request)
    const retryAfter = retryAfterSecondsOf(error)
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter))
  }
  // RFC 6750 section 3: a token was missing, or this service did not issue it.
  if (status === 401) reply.header('www-authenticate', 'Bearer error="invalid_token"')
  return reply.code(status).type('application/json').send(JSON.stringify(body))
}
