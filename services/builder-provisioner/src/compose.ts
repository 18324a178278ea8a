import { mkdir } from 'node:fs/promises'
import { availableParallelism, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { connectBus } from '@forkproof/infra/bus'
import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { BuilderRecord } from './builders/builder-record.ts'
import type { Config } from './config.ts'
import { builderAuthorities } from './credentials/builder-ca.ts'
import { openFrontDoor } from './door/tls-front-door.ts'
import { DockerDriver } from './drivers/docker/docker-driver.ts'
import type { Driver } from './drivers/driver.ts'
import { ownPlatform } from './drivers/host-platforms.ts'
import { MemoryDriver } from './drivers/memory/memory-driver.ts'
import { ProcessDriver } from './drivers/process/process-driver.ts'
import { LeaseRecord } from './leases/lease-record.ts'
import { UplinkNetwork } from './network/uplink-network.ts'
import { stopMsMax } from './node.ts'
import type { CheckReady } from './ports.ts'
import { builderReadiness } from './readiness/builder-readiness.ts'
import { forbiddenTargets } from './readiness/forbidden-targets.ts'
import { lockFolder } from './records/folder-lock.ts'
import { openRecordFolder } from './records/record-folder.ts'
import { wireNode } from './wire-node.ts'

const clock = systemClock
const megabyte = 1_048_576

export async function compose(config: Config, lifecycle: Lifecycle): Promise<{ log: Logger }> {
  const log = createLogger({ service: 'builder-provisioner', level: config.logLevel })
  const { stateFolder } = config
  await mkdir(stateFolder, { recursive: true, mode: 0o700 })
  lifecycle.add('state folder', await lockFolder(stateFolder))
  const bus = await connectBus({ servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log })
  lifecycle.add('message bus', () => bus.close())
  const listen = { host: config.host, port: config.port }
  const door = await openFrontDoor({ listen, publicAddress: config.publicEndpoint, logger: log })
  lifecycle.add('front door', () => door.close())
  const records = join(stateFolder, 'records')
  const node = wireNode({
    nodeId: config.nodeId,
    bus,
    driver: createDriver(config),
    createCa: builderAuthorities(clock),
    door,
    checkReady: createReadiness(config),
    leaseRecords: await openRecordFolder({ folder: join(records, 'leases'), schema: LeaseRecord, log }),
    builderRecords: await openRecordFolder({ folder: join(records, 'builders'), schema: BuilderRecord, log }),
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
    checksEmulated: config.driver === 'memory' || config.probeEmulatedPath !== undefined,
    clock,
    log,
  })
  lifecycle.add('builders', () => node.stop(), stopMsMax)
  await node.start()
  return { log }
}

function createDriver(config: Config): Driver {
  const { stateFolder, nodeId } = config
  if (config.driver === 'memory') return new MemoryDriver()
  const network = new UplinkNetwork({
    namespace: config.uplinkNamespace,
    owner: stateFolder,
    prefix: config.uplinkNetwork,
    nameservers: config.uplinkNameservers,
    blocked: config.uplinkBlocked,
  })
  if (config.driver === 'docker') {
    return new DockerDriver({
      socketPath: config.dockerSocket,
      image: config.dockerImage,
      nodeId,
      stateFolder,
      projectDiskBytes: config.projectDiskMegabytes * megabyte,
      binfmtFolder: config.binfmtFolder,
      network,
    })
  }
  return new ProcessDriver({
    stateFolder,
    programs: { buildkitd: config.buildkitdPath, runc: config.runcPath },
    cgroup: config.cgroup,
    users: { first: config.userFirst, count: config.userRanges },
    projectDiskBytes: config.projectDiskMegabytes * megabyte,
    binfmtFolder: config.binfmtFolder,
    network,
  })
}

function createReadiness(config: Config): CheckReady {
  // Nothing listens on the sockets of the driver that is for tests.
  if (config.driver === 'memory') return async () => ({ startMs: 0, canaryMs: 0 })
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
