import { addAbortSignal, type Readable } from 'node:stream'
import { AppError } from '@forkproof/contracts/errors'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { eventLabel } from '../../webhooks/hint-of-payload.ts'
import { isSigned, receiveSigned, type SignedDelivery, signatureOf } from '../../webhooks/signed-delivery.ts'
import { webhookLimits } from '../../webhooks/webhook-limits.ts'
import type { WiredWebhooks } from '../../webhooks/wire-webhooks.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { problemResponse } from '../problem-document.ts'

const answers = {
  202: z.object({ outcome: z.enum(['hinted', 'repeated']) }).meta({ description: 'taken' }),
  204: z.null().meta({ description: 'nothing that is waited for here' }),
  '4xx': problemResponse('not signed, not JSON, too large or too many'),
  '5xx': problemResponse('nobody could be told; deliver it again'),
}

/**
 * Webhooks of GitHub (docs/using-with-github.md#webhooks). The signature is all the authentication there is, so it is
 * checked before the body means anything; headers are looked at before the body is read. Without a secret there is no
 * such route.
 */
export function githubWebhookRoute(app: GatewayApp, { webhooks, metrics }: RouteDeps): void {
  if (!webhooks) return
  app.register((scope: GatewayApp, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', (request: FastifyRequest, body: Readable) =>
      receiveBody(webhooks, request, body),
    )
    scope.post('/webhooks/github', {
      schema: { summary: 'What GitHub’s webhooks tell of runs: a reason to look sooner', response: answers },
      onRequest: async request => refuseEarly(webhooks, request),
      onResponse: async (request, reply) => {
        metrics.webhooks.inc({ event: eventLabel(headerOf(request, 'x-github-event')), outcome: reply.outcome })
      },
      handler: async (request, reply) => {
        // A request without a body has been through no parser.
        if (!isSigned(request.body)) throw new AppError('webhook_not_signed')
        const outcome = webhooks.receive({
          event: headerOf(request, 'x-github-event'),
          deliveryId: headerOf(request, 'x-github-delivery'),
          signed: request.body,
        })
        reply.outcome = outcome
        return outcome === 'ignored' ? reply.code(204).send(null) : reply.code(202).send({ outcome })
      },
    })
    done()
  })
}

/** All that can be refused without the body. */
function refuseEarly({ limits }: WiredWebhooks, request: FastifyRequest): void {
  limits.countSender(request.ip)
  if (Number(headerOf(request, 'content-length')) > webhookLimits.bodyBytesMax) throw new AppError('body_too_large')
  signatureOf(request.headers['x-hub-signature-256'])
}

async function receiveBody(
  { secrets, bodies }: WiredWebhooks,
  request: FastifyRequest,
  body: Readable,
): Promise<SignedDelivery> {
  const { socket } = request
  const gone = new AbortController()
  const giveUp = () => gone.abort()
  // A sender that goes away half-way would keep its place, and what it sent, until the connection times out.
  socket.once('end', giveUp)
  const place = bodies.enter(request.ip, gone.signal)
  try {
    addAbortSignal(place.signal, body)
    const signature = signatureOf(request.headers['x-hub-signature-256'])
    // The listener reads on after an early answer, so that its sender sees it.
    const bytes: AsyncIterable<Buffer> = body.iterator({ destroyOnReturn: false })
    return await receiveSigned({ bytes, bytesMax: webhookLimits.bodyBytesMax, signature }, secrets)
  } finally {
    place.leave()
    socket.off('end', giveUp)
  }
}

/** A doubled header is joined with a comma and a space, which no name and no number has. */
function headerOf({ headers }: FastifyRequest, name: string): string {
  const value = headers[name]
  return typeof value === 'string' && /^[\x21-\x7e]{1,64}$/.test(value) ? value : ''
}
