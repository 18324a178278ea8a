import { ProjectId } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { idTokenCharsMax } from '../../admission/id-tokens/verify-id-token.ts'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { OauthRefusal } from '../oauth/oauth-error.ts'
import { oauthRoutes, oauthSchema } from '../oauth/oauth-scope.ts'
import { oauthPaths, tokenExchangeGrant } from '../oauth/token-exchange.ts'

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const subjectTokenTypes = ['urn:ietf:params:oauth:token-type:id_token', 'urn:ietf:params:oauth:token-type:jwt'] as const
/** The one thing that an access token is good for. */
const scope = 'build'

/** RFC 8693 section 2.1. Parameters that are not named here are ignored, as RFC 6749 section 3.2 demands. */
const TokenRequest = z.object({
  grant_type: z.literal(tokenExchangeGrant),
  subject_token: z.string().max(idTokenCharsMax).meta({ description: 'an ID token of this issuer or of GitHub' }),
  subject_token_type: z.enum(subjectTokenTypes),
  audience: z.string().max(255).meta({ description: 'the project’s id' }),
  requested_token_type: z.literal(accessTokenType).optional(),
  scope: z.string().max(255).optional(),
  resource: z.string().optional().meta({ description: 'not supported' }),
  actor_token: z.never('delegation is not supported').optional(),
  actor_token_type: z.never('goes with an actor_token').optional(),
})
const TokenAnswer = z.object({
  access_token: z.string(),
  issued_token_type: z.literal(accessTokenType),
  token_type: z.literal('Bearer'),
  expires_in: z.int().meta({ description: 'seconds' }),
  scope: z.literal(scope),
})
type TokenAnswer = z.infer<typeof TokenAnswer>

/**
 * Token exchange: an ID token for the right to build in one project. Clients do not authenticate; the ID token is
 * all there is.
 */
export function oauthTokenRoute(app: GatewayApp, deps: RouteDeps): void {
  const { admission, requestLimits, metrics } = deps
  oauthRoutes(app, deps, scoped =>
    scoped.post(oauthPaths.token, {
      schema: oauthSchema('Exchange an ID token for an access token (RFC 8693)', TokenRequest, TokenAnswer),
      onRequest: async request => requestLimits.countExchanger(request.ip),
      preValidation: async request => demandGrant(request),
      onResponse: async (_request, reply) => metrics.tokenExchanges.inc({ code: reply.outcome }),
      handler: async (request, reply): Promise<TokenAnswer> => {
        const projectId = targetOf(request.body)
        const admitted = await admission.admit(new Secret(request.body.subject_token), projectId)
        const { accessToken, record } = await admission.issue(admitted)
        reply.outcome = 'issued'
        return {
          access_token: accessToken.reveal(),
          issued_token_type: accessTokenType,
          token_type: 'Bearer',
          expires_in: Math.floor((record.expiresAtMs - record.issuedAtMs) / 1_000),
          scope,
        }
      },
    }),
  )
}

/** Checked first: a client with another grant gets this error, whatever else its request lacks. */
function demandGrant({ body }: FastifyRequest): void {
  const grant = typeof body === 'object' && body !== null && 'grant_type' in body ? body.grant_type : undefined
  if (grant === undefined || grant === tokenExchangeGrant) return
  throw new OauthRefusal('unsupported_grant_type', `the grant must be ${tokenExchangeGrant}`)
}

/**
 * The project is only ever looked up, never taken from what the caller says it may do
 * (docs/facts/oidc.md#token-exchange).
 */
function targetOf({ audience, resource, scope: wanted }: z.infer<typeof TokenRequest>): ProjectId {
  if (wanted !== undefined && wanted !== scope) throw new OauthRefusal('invalid_scope', `the only scope is ${scope}`)
  if (resource !== undefined) throw new OauthRefusal('invalid_target', 'name the project in audience, not in resource')
  const projectId = ProjectId.safeParse(audience)
  if (!projectId.success) throw new OauthRefusal('invalid_target', 'audience must be the id of a project')
  return projectId.data
}
