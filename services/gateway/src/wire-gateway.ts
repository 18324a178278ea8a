import { audiencePolicy } from '@forkproof/contracts/audience-policy'
import { Audience } from '@forkproof/contracts/ids'
import { buckets } from '@forkproof/contracts/subjects'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import type { FetchDocument } from './admission/id-tokens/fetch-key-set.ts'
import type { RunInspector } from './admission/ports.ts'
import { wireAdmission } from './admission/wire-admission.ts'
import type { Builds, Heartbeats } from './builds/ports.ts'
import { wireBuilds } from './builds/wire-builds.ts'
import { createClaimState } from './claims/claim-state.ts'
import { createExchange } from './claims/exchange-claim.ts'
import { ExchangeLeakDetector } from './claims/exchange-leak-detector.ts'
import { GithubOutlook } from './claims/github-outlook.ts'
import type { Claims, Nudges } from './claims/ports.ts'
import { servePolicy } from './claims/serve-policy.ts'
import { createStartClaim } from './claims/start-claim.ts'
import { throttledNudges } from './claims/throttled-nudges.ts'
import type { GatewayConfig } from './config.ts'
import { type KeyDocumentSource, PublishedKeys } from './discovery/published-keys.ts'
import { gatewayMetrics } from './gateway-metrics.ts'
import type { RouteDeps } from './http/app.ts'
import { rememberedReadiness } from './readiness.ts'
import { HeldRequests } from './throttling/held-requests.ts'
import { RequestLimits } from './throttling/request-limits.ts'
import type { RunHints } from './webhooks/ports.ts'
import { wireWebhooks } from './webhooks/wire-webhooks.ts'

/** What lies outside of the process. The service connects to it; a test hands in fakes. */
export interface OutermostDeps {
  readonly claims: Claims
  readonly builds: Builds
  readonly inspector: RunInspector
  readonly nudges: Nudges
  readonly heartbeats: Heartbeats
  readonly hints: RunHints
  readonly keyDocument: KeyDocumentSource
  readonly bucket: (name: string) => Bucket
  readonly busIsUp: () => boolean
  readonly fetchDocument: FetchDocument
  readonly clock: Clock
  readonly log: Logger
}

/** The whole gateway without its listeners. */
export function wireGateway(config: GatewayConfig, deps: OutermostDeps): RouteDeps {
  const { claims, busIsUp, clock, log } = deps
  const nudges = throttledNudges(deps.nudges, clock)
  const held = new HeldRequests({ ...config, holdMs: config.exchangeHoldMs })
  const requestLimits = new RequestLimits(config, clock)
  const publishedKeys = new PublishedKeys({ source: deps.keyDocument, clock, log })
  const defaultAudience = config.defaultAudience ?? Audience.parse(config.issuer)
  const publicUrl = config.publicUrl ?? config.issuer
  const githubOutlook = new GithubOutlook(config, { bucket: deps.bucket(buckets.github), clock })
  const outer = { ...deps, publishedKeys, requestLimits, githubOutlook }
  const admission = wireAdmission({ ...config, defaultAudience }, outer)
  return {
    ...config,
    ...admission,
    ...wireBuilds({ ...deps, requestLimits, denials: admission.denials }),
    webhooks: wireWebhooks(config, deps),
    publicUrl,
    startClaim: createStartClaim({
      issuer: config.issuer,
      publicUrl,
      defaultAudience,
      lifetimeMs: config.claimLifetimeMs,
      channels: config.channels,
      serves: servePolicy(config.serve),
      githubOutlook,
      acceptsAudience: audiencePolicy(config.audiences, [defaultAudience]),
      claims,
      requestLimits,
      busIsUp,
      clock,
    }),
    exchange: createExchange({ claims, nudges, held, clock }),
    claimState: createClaimState(claims),
    nudges,
    requestLimits,
    held,
    leakDetector: new ExchangeLeakDetector(log),
    publishedKeys,
    readiness: rememberedReadiness(
      { temporal: () => claims.reachable(), bus: async () => busIsUp(), keys: () => hasKeys(publishedKeys) },
      clock,
    ),
    metrics: gatewayMetrics(),
    clock,
    log,
  }
}

const hasKeys = (published: PublishedKeys): Promise<boolean> =>
  published.current().then(
    keys => keys.body !== '{"keys":[]}',
    () => false,
  )
