import { generateKeyPairSync } from 'node:crypto'
import { type ClaimAnswer, SealKey } from '@forkproof/contracts/claim'
import type { ClaimSpec } from '@forkproof/contracts/claim-spec'
import { Issuer } from '@forkproof/contracts/ids'
import { createLogger } from '@forkproof/infra/log'
import { seal } from '@forkproof/infra/seal'
import { Secret } from '@forkproof/infra/secret'
import { FakeClock } from '@forkproof/infra/testing/fake-clock'
import { type GatewayConfig, readConfig } from '../config.ts'
import { createServer } from '../http/server.ts'
import { wireGateway } from '../wire-gateway.ts'
import { FakeAdmissionDeps } from './fake-admission-deps.ts'
import { FakeBuilds, FakeHeartbeats } from './fake-builds.ts'
import { FakeClaims, FakeNudges } from './fake-claims.ts'
import { FakeRunHints } from './fake-run-hints.ts'

export const issuer = Issuer.parse('https://oidc.example.dev')
export const operatorToken = 'operator'.repeat(5)
export const goodClaim = { eventName: 'pull_request', repo: 'octo-org/octo-repo', runID: '123', channels: ['artifact'] }
export const exampleJwks = JSON.stringify({
  keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig', kid: 'k'.repeat(43), n: 'n'.repeat(342), e: 'AQAB' }],
})

function testConfig(settings: Partial<GatewayConfig>): GatewayConfig {
  const base = readConfig({
    FORKPROOF_ISSUER: issuer,
    FORKPROOF_NATS_PASSWORD: 'not a real password',
    FORKPROOF_GATEWAY_AUDIENCES: 'any',
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

/** The real server, wired as the service is, over fakes and a clock that stands still. */
export async function gatewayHarness(settings: Partial<GatewayConfig> = {}) {
  const config = testConfig(settings)
  const clock = new FakeClock()
  const { lines, log } = logLines()
  const claims = new FakeClaims(clock)
  const { source, read } = keySource()
  const nudges = new FakeNudges()
  const fakes = new FakeAdmissionDeps()
  const builds = new FakeBuilds()
  const heartbeats = new FakeHeartbeats()
  const hints = new FakeRunHints()
  const gateway = wireGateway(config, {
    ...fakes.deps,
    claims,
    builds,
    nudges,
    heartbeats,
    hints,
    keyDocument: { read },
    busIsUp: () => !source.broken,
    clock,
    log,
  })
  const app = await createServer(gateway)
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
  const outside = { claims, builds, nudges, heartbeats, hints, source, fakes, clock, log, lines }
  return { ...outside, gateway, held: gateway.held, app, claim, start, exchange }
}
export type GatewayHarness = Awaited<ReturnType<typeof gatewayHarness>>

export const exampleToken = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln'

/** Ends a claim as the signer would: the token sealed to the claim's key. */
export async function prove(gateway: GatewayHarness, order: ClaimSpec | undefined): Promise<void> {
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
