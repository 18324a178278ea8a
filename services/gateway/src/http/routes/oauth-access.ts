import type { AccessRecord } from '@forkproof/contracts/access'
import type { Issuer } from '@forkproof/contracts/ids'
import { Secret } from '@forkproof/infra/secret'
import { z } from 'zod'
import type { GatewayApp, RouteDeps } from '../app.ts'
import { disconnectSignal } from '../disconnect-signal.ts'
import { oauthRoutes, oauthSchema } from '../oauth/oauth-scope.ts'
import { oauthPaths } from '../oauth/token-exchange.ts'
import { operatorOnly } from '../operator-only.ts'
import { operatorSecurity } from './projects.ts'

const tokenCharsMax = 4_096
/** RFC 7662 section 2.1 and RFC 7009 section 2.1. A hint that is wrong changes nothing, so it is not looked at. */
const Presented = z.object({
  token: z.string().max(tokenCharsMax),
  token_type_hint: z.string().max(255).optional(),
})
/** RFC 7662 section 2.2. Nothing but `active` for a token that is good for nothing. */
const Introspection = z.union([
  z.strictObject({ active: z.literal(false) }),
  z.strictObject({
    active: z.literal(true),
    scope: z.literal('build'),
    token_type: z.literal('Bearer'),
    iss: z.string(),
    aud: z.string().meta({ description: 'the project' }),
    iat: z.int(),
    exp: z.int(),
    relationship_id: z.string(),
    event_class: z.enum(['fork_pull_request', 'trusted']),
    repository: z.string(),
    repository_id: z.string(),
    run_id: z.string(),
    run_attempt: z.string(),
  }),
])
const revoked = {
  description: 'it is worth nothing now, or never was',
  content: { 'text/plain': { schema: z.literal('') } },
}
type Introspection = z.infer<typeof Introspection>

export function oauthIntrospectRoute(app: GatewayApp, deps: RouteDeps): void {
  oauthRoutes(app, deps, scope =>
    scope.post(oauthPaths.introspect, {
      schema: {
        ...oauthSchema('Is this access token good for something now? (RFC 7662)', Presented, Introspection),
        security: operatorSecurity,
      },
      onRequest: operatorOnly(deps),
      handler: async (request, reply): Promise<Introspection> => {
        const record = await deps.introspect(new Secret(request.body.token), disconnectSignal(reply))
        return record ? described(record, deps.issuer) : { active: false }
      },
    }),
  )
}

export function oauthRevokeRoute(app: GatewayApp, deps: RouteDeps): void {
  const { accessRecords, requestLimits, log } = deps
  oauthRoutes(app, deps, scope =>
    scope.post(oauthPaths.revoke, {
      schema: oauthSchema(
        'End an access token; who holds it may (RFC 7009). Builds that run go on',
        Presented,
        revoked,
      ),
      onRequest: async request => requestLimits.countRequest(request.ip),
      handler: async (request, reply) => {
        const ended = await accessRecords.revoke(new Secret(request.body.token))
        if (ended) {
          const { projectId, relationshipId, run } = ended
          log.info({ projectId, relationshipId, runId: run.runId }, 'an access token was revoked')
        }
        return reply.code(200).type('text/plain').send('')
      },
    }),
  )
}

const described = ({ run, ...record }: AccessRecord, issuer: Issuer): Introspection => ({
  active: true,
  scope: 'build',
  token_type: 'Bearer',
  iss: issuer,
  aud: record.projectId,
  iat: Math.floor(record.issuedAtMs / 1_000),
  exp: Math.floor(record.expiresAtMs / 1_000),
  relationship_id: record.relationshipId,
  event_class: run.eventClass,
  repository: run.repository,
  repository_id: run.repositoryId,
  run_id: run.runId,
  run_attempt: run.attempt,
})
