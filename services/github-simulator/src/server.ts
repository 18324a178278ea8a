import type { Secret } from '@forkproof/infra/secret'
import { type FastifyInstance, fastify } from 'fastify'
import type { JobTokens } from './access/job-tokens.ts'
import { registerArtifactRoutes } from './artifacts/artifact-routes.ts'
import { registerBlobRoutes } from './blobs/blob-routes.ts'
import { registerControlRoutes } from './control/control-routes.ts'
import type { OidcIssuer } from './oidc/issuer.ts'
import { registerOidcRoutes } from './oidc/oidc-routes.ts'
import { notFound } from './rest/answer.ts'
import { registerRestRoutes } from './rest/rest-routes.ts'
import type { WorkflowRuns } from './scheduling/workflow-runs.ts'
import type { Simulation } from './simulation.ts'
import { registerWebRoutes } from './web/web-routes.ts'

const requestBytesMax = 1024 * 1024
const paramCharsMax = 500

export interface ServerParts {
  simulation: Simulation
  tokens: JobTokens
  issuer: OidcIssuer
  workflows: WorkflowRuns
  /** The value of `user_session` that the live log pages accept. */
  session: Secret
}

/** One HTTP server with all surfaces: REST, live log pages, artifact service, blobs, OIDC issuer, control API. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { simulation, tokens, issuer, workflows, session } = parts
  const app = fastify({
    bodyLimit: requestBytesMax,
    // Requests that are left hanging on purpose must not keep the server from closing.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: paramCharsMax },
  })
  app.setNotFoundHandler((_request, reply) => {
    const answer = notFound()
    return reply.status(answer.status).send(answer.body)
  })
  registerRestRoutes(app, simulation)
  registerWebRoutes(app, simulation, session)
  registerOidcRoutes(app, simulation, tokens, issuer)
  await app.register(scope => registerArtifactRoutes(scope, simulation, tokens))
  await app.register(scope => registerBlobRoutes(scope, simulation))
  await app.register(scope => registerControlRoutes(scope, { simulation, workflows, issuer }))
  return app
}
