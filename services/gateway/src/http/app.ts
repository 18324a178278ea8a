import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Channel } from '@forkproof/contracts/channels'
import type { ClaimAnswer, ClaimRequest, ClaimState } from '@forkproof/contracts/claim'
import type { ClaimId, Issuer } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { WiredAdmission } from '../admission/wire-admission.ts'
import type { WiredBuilds } from '../builds/wire-builds.ts'
import type { Asker, ExchangeOutcome } from '../claims/exchange-claim.ts'
import type { ExchangeLeakDetector } from '../claims/exchange-leak-detector.ts'
import type { Nudges } from '../claims/ports.ts'
import type { PublishedKeys } from '../discovery/published-keys.ts'
import type { GatewayMetrics } from '../gateway-metrics.ts'
import type { ReadinessReport } from '../readiness.ts'
import type { HeldRequests } from '../throttling/held-requests.ts'
import type { RequestLimits } from '../throttling/request-limits.ts'
import type { WiredWebhooks } from '../webhooks/wire-webhooks.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** What the answer was, for metrics and the log: an error code, or the route's own word. */
    outcome: string
  }
}

export type GatewayApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** What the routes are made of. */
export interface RouteDeps extends WiredAdmission, WiredBuilds {
  readonly issuer: Issuer
  /** Base of the addresses in answers; never taken from a request. */
  readonly publicUrl: Issuer
  /** By which claims can be proven here. */
  readonly channels: readonly Channel[]
  readonly trustedProxies: readonly string[]
  readonly buildHoldMs: number
  readonly startClaim: (request: ClaimRequest) => Promise<ClaimAnswer>
  readonly exchange: (asked: string, asker: Asker) => Promise<ExchangeOutcome>
  readonly claimState: (claimId: ClaimId) => Promise<ClaimState>
  readonly nudges: Nudges
  readonly requestLimits: RequestLimits
  readonly held: HeldRequests
  readonly leakDetector: ExchangeLeakDetector
  readonly publishedKeys: PublishedKeys
  /** Undefined where no webhooks are taken. */
  readonly webhooks: WiredWebhooks | undefined
  readonly readiness: () => Promise<ReadinessReport>
  readonly metrics: GatewayMetrics
  readonly clock: Clock
  readonly log: Logger
}
