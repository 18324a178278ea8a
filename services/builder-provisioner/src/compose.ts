import { mkdir } from 'node:fs/promises'
import { availableParallelism, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { connectBus } from '@forkproof/infra/bus'
import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import type { ProvisionerConfig } from './config.ts'
import { builderAuthorities } from './credentials/builder-ca.ts'
import type { Driver } from './drivers/driver.ts'
import { createDriver, driverTable } from './drivers/driver-table.ts'
import { ownPlatform } from './drivers/host-platforms.ts'
import { UplinkNetwork } from './network/uplink-network.ts'
import { nodeStopMsMax } from './node.ts'
import { openTlsProxy } from './proxy/tls-proxy.ts'
import type { CheckReady } from './readiness/builder-readiness.ts'
import { builderReadiness } from './readiness/builder-readiness.ts'
import { forbiddenTargets } from './readiness/forbidden-targets.ts'
import { BuilderRecord } from './state/builder-record.ts'
import { lockFolder } from './state/folder-lock.ts'
import { LeaseRecord } from './state/lease-record.ts'
import { openRecordFolder } from './state/record-folder.ts'
import { wireNode } from './wire-node.ts'

const clock = systemClock
const megabyte = 1_048_576

export async function compose(config: ProvisionerConfig, lifecycle: Lifecycle): Promise<{ log: Logger }> {
  const log = createLogger({ service: 'builder-provisioner', level: config.logLevel })
  const { stateFolder } = config
  await mkdir(stateFolder, { recursive: true, mode: 0o700 })
  lifecycle.add('state folder', await lockFolder(stateFolder))
  const bus = await connectBus({ servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log })
  lifecycle.add('message bus', () => bus.close())
  const listen = { host: config.host, port: config.port }
  const proxy = await openTlsProxy({ listen, publicAddress: config.publicEndpoint, log })
  lifecycle.add('front door', () => proxy.close())
  const records = join(stateFolder, 'records')
  const options = {
    nodeId: config.nodeId,
    driverName: config.driver,
    settings: {
      capacity: config.capacity ?? Math.max(1, availableParallelism()),
      warm: config.warm,
      warmEgress: config.warmEgress,
      warmStartsMax: Math.max(1, Math.floor(availableParallelism() / 2)),
      warmAgeMsMax: config.warmMinutes * 60_000,
      clientGoneMs: config.clientGoneSeconds * 1_000,
      projectLingerMs: config.projectLingerSeconds * 1_000,
    },
    queueMax: config.queueMax,
    limits: {
      cpus: config.builderCpus,
      memoryBytes: config.builderMemoryMegabytes * megabyte,
      pids: config.builderPids,
      diskBytes: config.builderDiskMegabytes * megabyte,
    },
    allowedPlatforms: config.platforms,
    checksEmulated: !driverTable[config.driver].runsBuildKit || config.probeEmulatedPath !== undefined,
  }
  const node = wireNode(options, {
    bus,
    driver: driverOf(config),
    createCa: builderAuthorities(clock),
    proxy,
    checkReady: readinessCheckOf(config),
    leaseRecords: await openRecordFolder({ folder: join(records, 'leases'), schema: LeaseRecord, log }),
    builderRecords: await openRecordFolder({ folder: join(records, 'builders'), schema: BuilderRecord, log }),
    clock,
    log,
  })
  lifecycle.add('builders', () => node.stop(), nodeStopMsMax)
  await node.start()
  return { log }
}

function driverOf(config: ProvisionerConfig): Driver {
  const network = new UplinkNetwork({
    namespace: config.uplinkNamespace,
    owner: config.stateFolder,
    prefix: config.uplinkNetwork,
    nameservers: config.uplinkNameservers,
    blocked: config.uplinkBlocked,
  })
  const { nodeId, stateFolder, binfmtFolder, projectDiskMegabytes } = config
  const options = { nodeId, stateFolder, binfmtFolder, projectDiskBytes: projectDiskMegabytes * megabyte }
  return createDriver(config.driver, config, options, { network })
}

function readinessCheckOf(config: ProvisionerConfig): CheckReady {
  if (!driverTable[config.driver].runsBuildKit) return async () => ({ startMs: 0, canaryMs: 0 })
  const { probeEmulatedPath: emulatedProbePath = config.probePath } = config
  const bus = new URL(config.natsUrl)
  const services = [{ host: bus.hostname.replace(/^\[|\]$/g, ''), port: Number(bus.port || 4_222) }]
  return builderReadiness({
    probePath: platform => (platform === ownPlatform(process.arch) ? config.probePath : emulatedProbePath),
    targets: () =>
      forbiddenTargets({
        interfaces: networkInterfaces(),
        ports: [config.port],
        services,
        extra: config.forbiddenTargets,
      }),
    clock,
  })
}
