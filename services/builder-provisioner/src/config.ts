import { Egress, PlatformList } from '@forkproof/contracts/builder'
import { defaultNode } from '@forkproof/contracts/bus'
import { NodeId } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import { ConfigError, defineSettings, loadSettings } from '@forkproof/infra/config'
import { busSettings, logSettings } from '@forkproof/infra/shared-settings'
import { z } from 'zod'
import { sharedDriverSettings } from './drivers/config.ts'
import { driverNames, driverRefusal, driverSettings } from './drivers/driver-table.ts'
import { uplinkSettings } from './network/config.ts'
import { readinessSettings } from './readiness/config.ts'
import { absolutePath, hostAndPort, wholeNumberBetween } from './settings/setting-schemas.ts'

const nodeSettings = defineSettings({
  nodeId: {
    env: 'FORKPROOF_PROVISIONER_NODE_ID',
    schema: NodeId,
    default: defaultNode,
    description: 'name of this machine among those that run builders',
  },
  driver: {
    env: 'FORKPROOF_PROVISIONER_DRIVER',
    schema: z.enum(driverNames),
    default: 'process',
    description: 'what builders are made of: process, docker, or memory (for tests only: builds nothing)',
  },
  stateFolder: {
    env: 'FORKPROOF_PROVISIONER_STATE_FOLDER',
    schema: absolutePath,
    description: 'folder of records, builders and project caches; one provisioner at a time',
  },
  platforms: {
    env: 'FORKPROOF_PROVISIONER_PLATFORMS',
    schema: PlatformList,
    optional: true,
    description: 'comma list of platforms to serve; every one that the machine can run when not set',
  },
})

const proxySettings = defineSettings({
  host: {
    env: 'FORKPROOF_PROVISIONER_HOST',
    schema: z.string().min(1),
    default: '127.0.0.1',
    description: 'address that the front door listens on',
  },
  port: {
    env: 'FORKPROOF_PROVISIONER_PORT',
    schema: wholeNumberBetween(0, 65_535),
    default: 8_372,
    description: 'port that the front door listens on',
  },
  publicEndpoint: {
    env: 'FORKPROOF_PROVISIONER_PUBLIC_ENDPOINT',
    schema: hostAndPort,
    optional: true,
    description: 'host:port at which clients reach the front door; what it listens on when not set',
  },
})

const capacitySettings = defineSettings({
  capacity: {
    env: 'FORKPROOF_PROVISIONER_CAPACITY',
    schema: wholeNumberBetween(1, 1_000),
    optional: true,
    description: 'builders that run at once, warm ones included; the number of processors when not set',
  },
  warm: {
    env: 'FORKPROOF_PROVISIONER_WARM',
    schema: wholeNumberBetween(0, 1_000),
    default: 1,
    description: 'ready, never-used builders per platform that this machine runs without emulation',
  },
  warmEgress: {
    env: 'FORKPROOF_PROVISIONER_WARM_EGRESS',
    schema: Egress,
    default: 'none',
    description: 'egress of warm builders: none or internet',
  },
  warmMinutes: {
    env: 'FORKPROOF_PROVISIONER_WARM_MINUTES',
    schema: wholeNumberBetween(1, 1_440),
    default: 60,
    description: 'a warm builder is replaced at this age, in minutes',
  },
  projectLingerSeconds: {
    env: 'FORKPROOF_PROVISIONER_PROJECT_LINGER_SECONDS',
    schema: wholeNumberBetween(0, 3_600),
    default: 0,
    description: 'how long a project’s builder stays after its last build, in seconds',
  },
  queueMax: {
    env: 'FORKPROOF_PROVISIONER_QUEUE_MAX',
    schema: wholeNumberBetween(1, 10_000),
    default: 100,
    description: 'builds that may wait on this node; more stay in the work queue',
  },
  clientGoneSeconds: {
    env: 'FORKPROOF_PROVISIONER_CLIENT_GONE_SECONDS',
    schema: wholeNumberBetween(1, 3_600),
    default: limits.clientGoneMs / 1_000,
    description: 'a client that is neither connected nor heard of for so many seconds is gone',
  },
})

export const settings = defineSettings({
  ...busSettings('provisioner'),
  ...logSettings,
  ...nodeSettings,
  ...proxySettings,
  ...capacitySettings,
  ...sharedDriverSettings,
  ...driverSettings,
  ...uplinkSettings,
  ...readinessSettings,
})

/** @throws ConfigError */
export function readConfig(env: NodeJS.ProcessEnv) {
  const config = loadSettings(settings, env)
  const refusal = driverRefusal(config.driver, config)
  if (refusal !== undefined) throw new ConfigError([`${settings.driver.env} is ${config.driver}, ${refusal}`])
  return config
}
export type ProvisionerConfig = ReturnType<typeof readConfig>
