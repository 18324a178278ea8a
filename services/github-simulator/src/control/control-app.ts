import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { OidcIssuer } from '../oidc/issuer.ts'
import type { WorkflowRuns } from '../scheduling/workflow-runs.ts'
import type { Simulation } from '../simulation.ts'

/** Fastify with the schemas' types known to the handlers. */
export type ControlApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

export interface ControlParts {
  issuer: OidcIssuer
  simulation: Simulation
  workflows: WorkflowRuns
}
