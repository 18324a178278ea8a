import { type AppError, errorTable } from '@forkproof/contracts/errors'
import type { Logger } from '@forkproof/infra/log'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { appErrorOf } from './client-errors.ts'
import { problemContentType, problemDocumentOf, retryAfterSecondsOf } from './problem-document.ts'
import { securityHeaders } from './security-headers.ts'

/** Answers with whatever was thrown as a problem (RFC 9457). */
export function sendProblem(
  log: Logger,
  thrown: unknown,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
) {
  const error = appErrorOf(thrown)
  const { status } = errorTable[error.code]
  reply.outcome = error.code
  // Hooks have not run for a path that does not decode.
  reply.headers(securityHeaders)
  logFailure(log, error, request)
  const retryAfter = retryAfterSecondsOf(error)
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter))
  // RFC 9110 section 15.5.2 wants to hear how; RFC 6750 section 3 names the scheme.
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply
    .code(status)
    .type(problemContentType)
    .send(JSON.stringify(problemDocumentOf(error, request.id)))
}

/** Faults of ours, with their cause; the client gets the correlation id. */
export function logFailure(log: Logger, error: AppError, request: FastifyRequest): void {
  if (errorTable[error.code].status < 500 || error.cause === undefined) return
  const route = request.routeOptions.url
  log.error({ correlationId: request.id, route, code: error.code, err: error.cause }, 'a request failed')
}
