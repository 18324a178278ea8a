import type { FastifyInstance } from 'fastify'
import type { JobTokens } from '../access/job-tokens.ts'
import type { SimulatorState } from '../simulator-state.ts'
import { isRestrictedRun } from '../store/dependabot-runs.ts'
import { nativeClaims } from './native-claims.ts'
import type { OidcIssuer } from './oidc-issuer.ts'

const audienceCharsMax = 1_000

/** Discovery, keys, and the address where a trusted job asks for its token. */
export function registerOidcRoutes(
  app: FastifyInstance,
  state: SimulatorState,
  tokens: JobTokens,
  issuer: OidcIssuer,
): void {
  const issuerUrl = () => `${state.origin.base}/oidc`
  app.get('/oidc/.well-known/openid-configuration', () => issuer.discovery(issuerUrl()))
  app.get('/oidc/.well-known/jwks', () => issuer.jwks())
  app.get('/oidc/token', async (request, reply) => {
    const caller = await tokens.verify(request.headers.authorization, 'Actions.IdToken')
    // A restricted job never gets a request token; should one turn up, it gets nothing for it.
    const isRefused = caller === undefined || isRestrictedRun(state.store, caller.run)
    if (isRefused) return reply.status(401).send({ message: 'not authorized' })
    const query = new URL(request.url, 'http://localhost').searchParams
    const owner = state.store.user(state.store.repository(caller.run.repositoryId).ownerId)
    const audience = query.get('audience') ?? `https://github.com/${owner.login}`
    if (audience === '' || audience.length > audienceCharsMax) {
      return reply.status(400).send({ message: 'the audience is empty or too long' })
    }
    const registered = { issuer: issuerUrl(), audience, nowMs: state.store.now() }
    const value = await issuer.sign(nativeClaims(state.store, caller), registered)
    return { count: value.length, value }
  })
}
