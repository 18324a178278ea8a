import { JsonWebKeySet } from '@forkproof/contracts/jwks'
import { limits } from '@forkproof/contracts/limits'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { discoveryPaths, IssuerMetadata, issuerMetadata } from '../../discovery/documents.ts'
import { matchesTag, type TaggedDocument, tagged } from '../../discovery/entity-tag.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { problemResponse } from '../problem-document.ts'

const notModified = z.null().meta({ description: 'If-None-Match still fits' })

/** Public documents: cacheable, and readable from any web page. */
export function discoveryRoutes(app: GatewayApp, { issuer, publicUrl, channels, publishedKeys }: RouteDeps): void {
  const metadata = tagged(JSON.stringify(issuerMetadata({ issuer, publicUrl, channels })))
  app.get(discoveryPaths.openidConfiguration, {
    schema: { summary: 'The issuer’s metadata', response: { 200: IssuerMetadata, 304: notModified } },
    handler: async (request, reply) => sendDocument(metadata, { request, reply }),
  })
  app.get(discoveryPaths.authorizationServer, {
    schema: {
      summary: 'The authorization server’s metadata (RFC 8414)',
      response: { 200: IssuerMetadata, 304: notModified },
    },
    handler: async (request, reply) => sendDocument(metadata, { request, reply }),
  })
  app.get(discoveryPaths.jwks, {
    schema: {
      summary: 'The keys that tokens are signed with',
      response: { 200: JsonWebKeySet, 304: notModified, '5xx': problemResponse('no keys are published yet') },
    },
    handler: async (request, reply) => sendDocument(await publishedKeys.current(), { request, reply }),
  })
}

function sendDocument(
  { body, etag }: TaggedDocument,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
) {
  reply.headers({
    'cache-control': `public, max-age=${limits.jwksMaxAgeSeconds}, must-revalidate`,
    'access-control-allow-origin': '*',
    etag,
  })
  if (matchesTag(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.type('application/json').send(body)
}
