import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { connectTemporal } from '@forkproof/infra/temporal-client'
import { fetchDocument } from './admission/id-tokens/fetch-document.ts'
import { temporalInspector } from './admission/temporal-inspector.ts'
import { clientOfBuilds, temporalBuilds } from './builds/temporal-builds.ts'
import { GatewayBus } from './bus/gateway-bus.ts'
import { temporalClaims } from './claims/temporal-claims.ts'
import type { GatewayConfig } from './config.ts'
import { createDepotServer } from './depot/depot-server.ts'
import type { RouteDeps } from './http/app.ts'
import { createServer } from './http/server.ts'
import { stopServer } from './http/stop-server.ts'
import { type OutermostDeps, wireGateway } from './wire-gateway.ts'

/** Builds and starts the gateway. It listens at once; Temporal and the bus may come later. */
export async function composeGateway(
  config: GatewayConfig,
  lifecycle: Lifecycle,
): Promise<{ log: Logger; url: string; depotUrl: string | undefined }> {
  const log = createLogger({ service: 'gateway', level: config.logLevel })
  const gateway = wireGateway(config, connect(config, { lifecycle, log }))
  const app = await createServer(gateway)
  lifecycle.add('http server', () => stopServer(app, gateway.held))
  const url = await app.listen({ host: config.host, port: config.port })
  const depotUrl = await listenForDepot(config, gateway, lifecycle)
  log.info({ url }, 'listening')
  return { log, url, depotUrl }
}

async function listenForDepot(
  { depotHost: host, depotPort: port, trustedProxies }: GatewayConfig,
  gateway: RouteDeps,
  lifecycle: Lifecycle,
): Promise<string | undefined> {
  if (port === 'off') return undefined
  const server = createDepotServer(gateway, trustedProxies)
  lifecycle.add('Depot-compatible API', () => server.close())
  const url = await server.listen({ host, port })
  gateway.log.info({ url }, 'listening for clients of the Depot-compatible API')
  return url
}

/** Temporal and the bus, and nothing of this service. */
function connect(config: GatewayConfig, { lifecycle, log }: { lifecycle: Lifecycle; log: Logger }): OutermostDeps {
  const clock = systemClock
  const temporal = { address: config.temporalAddress, namespace: config.temporalNamespace }
  const client = connectTemporal(temporal, lifecycle)
  const bus = new GatewayBus(
    { servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log },
    clock,
  )
  lifecycle.add('message bus', () => bus.close())
  void bus.connect(lifecycle.signal)
  return {
    claims: temporalClaims(client),
    builds: temporalBuilds(clientOfBuilds(client)),
    inspector: temporalInspector(client),
    nudges: bus,
    heartbeats: bus,
    hints: bus,
    keyDocument: bus,
    bucket: name => bus.bucket(name),
    busIsUp: () => bus.isUp(),
    fetchDocument,
    clock,
    log,
  }
}
