import swagger from '@fastify/swagger'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { StateProblem } from '../store/state-problem.ts'
import { registerAppControl } from './app-routes.ts'
import { registerArtifactControl } from './artifact-routes.ts'
import { registerBehaviourControl } from './behaviour-routes.ts'
import type { ControlDeps } from './control-app.ts'
import { registerCredentialControl } from './credential-routes.ts'
import { registerIdTokenControl } from './id-token-routes.ts'
import { registerPolicyControl } from './policy-routes.ts'
import { registerRepositoryControl } from './repository-routes.ts'
import { registerJobControl, registerRunControl } from './run-routes.ts'
import { registerWebhookControl } from './webhook-routes.ts'
import { registerWorkflowControl } from './workflow-routes.ts'

/**
 * The control API: makes and changes what the simulated github.com holds. It asks for no credential and is reachable
 * from this machine only. Errors are RFC 9457 problems.
 */
export async function registerControlRoutes(root: FastifyInstance, deps: ControlDeps): Promise<void> {
  const app = root.withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.addHook('onRequest', async request => requireLocalCaller(request))
  app.setErrorHandler((error: FastifyError, _request, reply) => sendControlProblem(reply, error))
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'GitHub simulator: control API', version: '1' } },
    transform: jsonSchemaTransform,
  })
  app.get('/_sim/openapi.json', { schema: { hide: true } }, () => root.swagger())
  registerRepositoryControl(app, deps)
  registerRunControl(app, deps)
  registerJobControl(app, deps)
  registerArtifactControl(app, deps)
  registerWorkflowControl(app, deps)
  registerIdTokenControl(app, deps)
  registerBehaviourControl(app, deps)
  registerCredentialControl(app, deps)
  registerPolicyControl(app, deps)
  registerAppControl(app, deps)
  registerWebhookControl(app, deps)
}

/**
 * A page in a browser on this machine could reach the API too, and workflows run as this machine's user. So requests of
 * pages (with Origin) are refused, and so are host names that are not local: an attacker's name may point here.
 */
function requireLocalCaller(request: FastifyRequest): void {
  const isLocalName = /^(127\.0\.0\.1|([a-z0-9-]+\.)?localhost)$/.test(request.hostname)
  if (!isLocalName || request.headers.origin !== undefined) {
    throw new StateProblem(403, 'the control API answers local programs only, no pages and no other host names')
  }
}

function sendControlProblem(reply: FastifyReply, error: FastifyError) {
  const status = error instanceof StateProblem ? error.status : (error.statusCode ?? 500)
  const isInvalid = hasZodFastifySchemaValidationErrors(error)
  const problem = {
    type: 'about:blank',
    title: isInvalid ? 'The request does not fit the schema' : status >= 500 ? 'Failure' : 'The request is refused',
    status,
    detail: status >= 500 && !(error instanceof StateProblem) ? 'unexpected failure' : error.message,
    ...(isInvalid
      ? { errors: error.validation.map(({ instancePath, message }) => ({ path: instancePath, message })) }
      : {}),
  }
  return reply.status(status).type('application/problem+json').send(JSON.stringify(problem))
}
