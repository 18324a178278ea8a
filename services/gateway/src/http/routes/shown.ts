import { AppError } from '@forkproof/contracts/errors'
import { ClaimId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { problemResponse } from '../problem-document.ts'
import { ignoringBody } from './ignored-body.ts'

/**
 * Only a hint, so the claim is not looked up: the answer for an unknown claim is the same, and nothing is revealed
 * or used up.
 */
export function shownRoute(app: GatewayApp, { nudges, requestLimits }: RouteDeps): void {
  ignoringBody(app, scope =>
    scope.post('/claims/:id/shown', {
      schema: {
        summary: 'Say that the code is out now: the verifier looks at once',
        params: z.object({ id: z.string() }),
        response: { 204: z.null().meta({ description: 'noted' }), '4xx': problemResponse('refused') },
      },
      onRequest: async request => requestLimits.countRequest(request.ip),
      handler: async (request, reply) => {
        const claimId = ClaimId.safeParse(request.params.id)
        if (!claimId.success) throw new AppError('claim_not_found')
        nudges.publish(claimId.data, 'shown')
        return reply.code(204).send(null)
      },
    }),
  )
}
