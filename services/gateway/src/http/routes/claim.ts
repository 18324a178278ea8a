import { ClaimAnswer, ClaimRequest } from '@forkproof/contracts/claim'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { problemResponse } from '../problem-document.ts'

export function claimRoute(app: GatewayApp, { startClaim, requestLimits, metrics }: RouteDeps): void {
  app.post('/claim', {
    schema: {
      summary: 'Start a claim: get a challenge code to show in the run',
      body: ClaimRequest,
      response: { 200: ClaimAnswer, '4xx': problemResponse('refused'), '5xx': problemResponse('try again') },
    },
    onRequest: async request => requestLimits.countClaimant(request.ip),
    onResponse: async (_request, reply) => metrics.claims.inc({ code: reply.outcome }),
    handler: async (request, reply) => {
      const answer = await startClaim(request.body)
      reply.outcome = 'started'
      return answer
    },
  })
}
