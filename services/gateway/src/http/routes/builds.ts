import { BuildAnswer } from '@forkproof/contracts/build'
import { AppError } from '@forkproof/contracts/errors'
import { limits } from '@forkproof/contracts/limits'
import { buildWaitMsMax } from '@forkproof/workflows/builds/api'
import { z } from 'zod'
import { answerWith } from '../../builds/build-answer.ts'
import { BuildRequest } from '../../builds/start-build.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { bearerOf } from '../bearer.ts'
import { disconnectSignal } from '../disconnect-signal.ts'
import { problemResponse } from '../problem-document.ts'

export const buildProblems = { '4xx': problemResponse('refused; see code'), '5xx': problemResponse('try again') }
/** Longer than a start ever takes: only a client that goes away or the end of the service cuts it short. */
const startHoldMs = buildWaitMsMax + 10_000
const accessTokenSecurity = [{ accessToken: [] }]

const StartedAnswer = z.object({
  buildId: z.string(),
  buildToken: z.string().meta({ description: 'the secret that everything about this build needs; shown only here' }),
  expiresAt: z.iso.datetime(),
  state: BuildAnswer,
})

/** Answers once the run was confirmed; held for that as long as a long poll is. */
export function buildsRoute(app: GatewayApp, deps: RouteDeps): void {
  const { admission, startBuild, held, requestLimits, metrics, publicUrl } = deps
  app.post('/v1/builds', {
    bodyLimit: limits.buildBodyBytesMax,
    schema: {
      summary: 'Start a build with the access token of an admitted run',
      tags: ['builds'],
      security: accessTokenSecurity,
      body: BuildRequest,
      response: { 201: StartedAnswer, ...buildProblems },
    },
    onRequest: async request => {
      requestLimits.countRequest(request.ip)
      if (!bearerOf(request.headers.authorization)) throw new AppError('access_token_invalid')
    },
    onResponse: async (_request, reply) => metrics.builds.inc({ api: 'rest', code: reply.outcome }),
    handler: async (request, reply) => {
      const presented = bearerOf(request.headers.authorization)
      const admitted = presented && (await admission.authenticate(presented))
      if (!admitted) throw new AppError('access_token_invalid')
      const hold = held.enter(request.ip, disconnectSignal(reply), startHoldMs)
      try {
        const { token, state } = await startBuild(admitted, request.body, hold.signal)
        reply.outcome = 'started'
        reply.code(201).header('location', `${publicUrl}/v1/builds/${state.buildId}`)
        const shown = await answerWith(state, token)
        return { buildId: state.buildId, buildToken: token.reveal(), expiresAt: shown.expiresAt, state: shown }
      } finally {
        hold.leave()
      }
    },
  })
}
