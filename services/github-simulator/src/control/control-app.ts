import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { OidcIssuer } from '../oidc/oidc-issuer.ts'
import type { RunActivities } from '../scheduling/run-activity.ts'
import type { WorkflowRuns } from '../scheduling/workflow-runs.ts'
import type { SimulatorState } from '../simulator-state.ts'
import type { WebhookSender } from '../webhooks/webhook-sender.ts'

/** Fastify with the schemas' types known to the handlers. */
export type ControlApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

export interface ControlDeps {
  issuer: OidcIssuer
  state: SimulatorState
  workflows: WorkflowRuns
  activities: RunActivities
  webhooks: WebhookSender
}
