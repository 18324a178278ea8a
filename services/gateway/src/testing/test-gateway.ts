import { generateKeyPairSync } from 'node:crypto'
import { type ClaimAnswer, type ClaimSpec, SealKey } from '@forkproof/contracts/claim'
import { Audience, Issuer } from '@forkproof/contracts/ids'
import { createLogger } from '@forkproof/infra/log'
import { seal } from '@forkproof/infra/seal'
import { Secret } from '@forkproof/infra/secret'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { admissionParts } from '../admission/admission-parts.ts'
import { buildParts } from '../builds/build-parts.ts'
import { audiencePolicy } from '../claims/audience-policy.ts'
import { createClaimState } from '../claims/claim-state.ts'
import { createExchange } from '../claims/exchange-claim.ts'
import { FirstAddresses } from '../claims/first-addresses.ts'
import { throttledNudges } from '../claims/nudges.ts'
import { servePolicy } from '../claims/serve-policy.ts'
import { createStartClaim } from '../claims/start-claim.ts'
import { type GatewayConfig, readConfig } from '../config.ts'
import { PublishedKeys } from '../discovery/published-keys.ts'
import { gatewayMetrics } from '../gateway-metrics.ts'
import { createServer } from '../http/server.ts'
import { createReadiness } from '../readiness.ts'
import { HeldRequests } from '../throttling/held-requests.ts'
import { RequestLimits } from '../throttling/request-limits.ts'
import { AdmissionStandIns } from './admission-stand-ins.ts'
import { InMemoryBuilds, InMemorySigns } from './in-memory-builds.ts'
import { InMemoryClaims, InMemoryNudges } from './in-memory-claims.ts'

export const issuer = Issuer.parse('https://oidc.example.dev')
export const operatorToken = 'operator'.repeat(5)
export const goodClaim = { eventName: 'pull_request', repo: 'octo-org/octo-repo', runID: '123' }
export const exampleJwks = JSON.stringify({
  keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid: 'k'.repeat(43), n: 'n'.repeat(342), e: 'AQAB' }],
})

function testConfig(settings: Partial<GatewayConfig>): GatewayConfig {
  const base = readConfig({
    FORKPROOF_ISSUER: issuer,
    FORKPROOF_NATS_PASSWORD: 'not a real password',
    FORKPROOF_GATEWAY_OPERATOR_TOKEN: operatorToken,
  })
  return { ...base, exchangeHoldMs: 20, buildHoldMs: 20, ...settings }
}

function logLines() {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { lines, log: createLogger({ service: 'gateway', level: 'debug', destination }) }
}

function keySource() {
  const source = { document: exampleJwks as string | undefined, broken: false, reads: 0 }
  const read = async () => {
    source.reads++
    if (source.broken) throw new Error('bus down')
    return source.document
  }
  return { source, read }
}

/** The real server over in-memory ports and a clock that stands still. */
export async function testGateway(settings: Partial<GatewayConfig> = {}) {
  const config = testConfig(settings)
  const clock = new FakeClock()
  const { lines, log } = logLines()
  const claims = new InMemoryClaims(clock)
  const { source, read } = keySource()
  const requestLimits = new RequestLimits(config, clock)
  const held = new HeldRequests({ ...config, holdMs: config.exchangeHoldMs })
  const defaultAudience = config.defaultAudience ?? Audience.parse(issuer)
  const nudges = new InMemoryNudges()
  const passOn = throttledNudges(nudges, clock)
  const publishedKeys = new PublishedKeys({ source: { read }, clock, log })
  const standIns = new AdmissionStandIns()
  const admission = admissionParts(
    { ...config, defaultAudience },
    { ...standIns.ground, publishedKeys, requestLimits, clock, log },
  )
  const builds = new InMemoryBuilds()
  const signs = new InMemorySigns()
  const parts = buildParts({ builds, signs, bucket: standIns.ground.bucket, requestLimits, clock })
  const metrics = gatewayMetrics()
  const app = await createServer({
    ...config,
    ...admission,
    ...parts,
    publicUrl: config.publicUrl ?? issuer,
    startClaim: createStartClaim({
      issuer,
      publicUrl: config.publicUrl ?? issuer,
      defaultAudience,
      lifetimeMs: config.claimLifetimeMs,
      channels: config.channels,
      serves: servePolicy(config.serve),
      acceptsAudience: audiencePolicy(config.audiences, defaultAudience),
      claims,
      requestLimits,
      busIsUp: () => !source.broken,
      clock,
    }),
    exchange: createExchange({ claims, nudges: passOn, held, clock }),
    claimState: createClaimState(claims),
    nudges: passOn,
    requestLimits,
    held,
    firstAddresses: new FirstAddresses(log),
    publishedKeys,
    readiness: createReadiness({ temporal: () => claims.reachable() }, clock),
    metrics,
    clock,
    log,
  })
  const claim = (body: unknown, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/claim',
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const start = async (body: object = {}) => (await claim({ ...goodClaim, ...body })).json<ClaimAnswer>()
  const exchange = (url: string, remoteAddress = '192.0.2.1') =>
    app.inject({ method: 'POST', url: new URL(url).pathname, remoteAddress })
  const kept = { app, claims, clock, held, lines, log, nudges, source, standIns }
  const forBuilds = { admission, builds, signs, parts, requestLimits, metrics }
  return { ...kept, ...forBuilds, claim, start, exchange }
}
export type TestGateway = Awaited<ReturnType<typeof testGateway>>

export const exampleToken = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln'

/** Ends a claim as the signer would: the token sealed to the claim's key. */
export async function prove(gateway: TestGateway, order: ClaimSpec | undefined): Promise<void> {
  if (!order) throw new Error('no claim was started')
  const sealedToken = await seal(new Secret(exampleToken), order.sealKey)
  gateway.claims.end(order.claimId, {
    verdict: 'proven',
    tokenId: 'id',
    channel: 'log',
    sealedToken,
    ownKey: order.ownKey,
  })
}

export function ownKey() {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const { x } = publicKey.export({ format: 'jwk' })
  return { sealTo: SealKey.parse({ kty: 'OKP', crv: 'X25519', x }), privateKey }
}
