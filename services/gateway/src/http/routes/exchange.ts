import { limits } from '@forkproof/contracts/limits'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ExchangeOutcome } from '../../claims/exchange-claim.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { disconnectSignal } from '../disconnect-signal.ts'
import { problemResponse } from '../problem-document.ts'
import { ignoringBody } from './ignored-body.ts'

const Pending = z.object({ state: z.literal('pending') })
const answers = {
  200: {
    description: 'the ID token; sealed (a JWE) when the claim brought its own key',
    content: { 'text/plain': { schema: z.string() }, 'application/jose': { schema: z.string() } },
  },
  202: Pending.meta({ description: 'still pending; ask again after Retry-After' }),
  '4xx': problemResponse('refused, expired or unknown; see code'),
  '5xx': problemResponse('try again'),
}
// The parameter may be a secret: it is no part of any log, and whatever it is, the answer to a wrong one is the same.
const Params = z.object({ ticket: z.string().meta({ description: 'what exchangeURL ends in' }) })

export function exchangeRoute(app: GatewayApp, deps: RouteDeps): void {
  const { exchange, requestLimits, metrics } = deps
  ignoringBody(app, scope =>
    scope.post('/exchange/:ticket', {
      schema: { summary: 'Exchange a ticket for its token; held while pending', params: Params, response: answers },
      onRequest: async request => requestLimits.countRequest(request.ip),
      onResponse: async (_request, reply) => metrics.exchanges.inc({ outcome: reply.outcome }),
      handler: async (request, reply) => {
        const asker = { address: request.ip, gone: disconnectSignal(reply) }
        const outcome = await exchange(request.params.ticket, asker)
        return answer(deps, outcome, { request, reply })
      },
    }),
  )
}

function answer(
  { leakDetector: firstAddresses, metrics, clock }: RouteDeps,
  outcome: ExchangeOutcome,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
) {
  reply.outcome = outcome.kind
  if (outcome.kind === 'pending') {
    return reply.code(202).header('retry-after', String(limits.exchangeRetryAfterSeconds)).send({ state: 'pending' })
  }
  const first = firstAddresses.record(outcome.claimId, request.ip)
  if (first) metrics.untilTokenSeconds.observe((clock.now() - outcome.startedAtMs) / 1_000)
  return reply.type(outcome.kind === 'token' ? 'text/plain' : 'application/jose').send(outcome.body.reveal())
}
