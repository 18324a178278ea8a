import type { Secret } from '@forkproof/infra/secret'
import { type FastifyInstance, fastify } from 'fastify'
import type { JobTokens } from './access/job-tokens.ts'
import { registerAppRoutes } from './apps/app-routes.ts'
import { registerArtifactRoutes } from './artifacts/artifact-routes.ts'
import { registerBlobRoutes } from './blobs/blob-routes.ts'
import { registerControlRoutes } from './control/control-routes.ts'
import type { OidcIssuer } from './oidc/oidc-issuer.ts'
import { registerOidcRoutes } from './oidc/oidc-routes.ts'
import { notFoundAnswer } from './rest/rest-answer.ts'
import { registerRestRoutes } from './rest/rest-routes.ts'
import type { RunActivities } from './scheduling/run-activity.ts'
import type { WorkflowRuns } from './scheduling/workflow-runs.ts'
import type { SimulatorState } from './simulator-state.ts'
import { registerWebRoutes } from './web/web-routes.ts'
import type { WebhookSender } from './webhooks/webhook-sender.ts'

const requestBytesMax = 1024 * 1024
const paramCharsMax = 500

interface ServerDeps {
  state: SimulatorState
  tokens: JobTokens
  issuer: OidcIssuer
  workflows: WorkflowRuns
  activities: RunActivities
  webhooks: WebhookSender
  /** The value of `user_session` that the live log pages accept. */
  session: Secret
}

/** One HTTP server with all surfaces: REST, live log pages, artifact service, blobs, OIDC issuer, control API. */
export async function createSimulatorServer(deps: ServerDeps): Promise<FastifyInstance> {
  const { state, tokens, issuer, workflows, activities, webhooks, session } = deps
  const app = fastify({
    bodyLimit: requestBytesMax,
    // Requests that are left hanging on purpose must not keep the server from closing.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: paramCharsMax },
  })
  app.setNotFoundHandler((_request, reply) => {
    const answer = notFoundAnswer()
    return reply.status(answer.status).send(answer.body)
  })
  registerRestRoutes(app, state)
  await app.register(scope => registerAppRoutes(scope, state))
  registerWebRoutes(app, state, session)
  registerOidcRoutes(app, state, tokens, issuer)
  await app.register(scope => registerArtifactRoutes(scope, state, tokens))
  await app.register(scope => registerBlobRoutes(scope, state))
  await app.register(scope => registerControlRoutes(scope, { state, workflows, activities, webhooks, issuer }))
  return app
}
