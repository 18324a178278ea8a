import { ClaimState } from '@forkproof/contracts/claim'
import { AppError } from '@forkproof/contracts/errors'
import { ClaimId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { problemResponse } from '../problem-document.ts'

export function claimStateRoute(app: GatewayApp, { claimState, requestLimits }: RouteDeps): void {
  app.get('/claims/:id', {
    schema: {
      summary: 'What became of a claim; nothing secret',
      params: z.object({ id: z.string() }),
      response: { 200: ClaimState, '4xx': problemResponse('unknown'), '5xx': problemResponse('try again') },
    },
    onRequest: async request => requestLimits.countRequest(request.ip),
    handler: async request => {
      const claimId = ClaimId.safeParse(request.params.id)
      if (!claimId.success) throw new AppError('claim_not_found')
      return claimState(claimId.data)
    },
  })
}
