import { isIP } from 'node:net'
import { defineSettings } from '@forkproof/infra/config'
import { z } from 'zod'
import { formatNetwork, parseNetwork } from '../network/networks.ts'
import { binfmtFolder } from './host-platforms.ts'

export const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
export const absolutePath = z.string().regex(/^\/[^\0]*$/, 'must be an absolute path')

const entriesMax = 100
const listOf = <T>(what: string, read: (text: string) => T) =>
  z.string().transform((text, context) => {
    const parts = text.split(',').map(part => part.trim())
    try {
      if (parts.length > entriesMax) throw new Error('too many')
      return parts.filter(part => part !== '').map(read)
    } catch {
      context.addIssue(`must be a comma list of ${what}`)
      return z.NEVER
    }
  })

const network = z.string().transform((text, context) => {
  try {
    return parseNetwork(text)
  } catch {
    context.addIssue('must be an IPv4 network such as 198.19.64.0/18')
    return z.NEVER
  }
})

function address(text: string): string {
  if (isIP(text) === 0) throw new Error('must be an IP address')
  return text
}

function hostAndPort(text: string): string {
  if (!/^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}$/.test(text)) throw new Error('must be host:port')
  return text
}

/** Bounds of one builder, held by the driver at its outer boundary. */
const limitSettings = defineSettings({
  builderCpus: {
    env: 'FORKPROOF_PROVISIONER_BUILDER_CPUS',
    schema: z.coerce.number().min(0.1).max(1_024),
    default: 2,
    description: 'processors of one builder',
  },
  builderMemoryMegabytes: {
    env: 'FORKPROOF_PROVISIONER_BUILDER_MEMORY_MB',
    schema: count(128, 16_777_216),
    default: 2_048,
    description: 'memory of one builder, in MiB',
  },
  builderPids: {
    env: 'FORKPROOF_PROVISIONER_BUILDER_PIDS',
    schema: count(64, 4_194_304),
    default: 1_024,
    description: 'processes and threads of one builder',
  },
  builderDiskMegabytes: {
    env: 'FORKPROOF_PROVISIONER_BUILDER_DISK_MB',
    schema: count(64, 16_777_216),
    default: 8_192,
    description: 'disk of one builder, in MiB; made sparse',
  },
})

/** Programs that drivers and the readiness check run. */
const programSettings = defineSettings({
  buildkitdPath: {
    env: 'FORKPROOF_PROVISIONER_BUILDKITD_PATH',
    schema: absolutePath,
    default: '/usr/local/bin/buildkitd',
    description: 'path of buildkitd',
  },
  runcPath: {
    env: 'FORKPROOF_PROVISIONER_RUNC_PATH',
    schema: absolutePath,
    default: '/usr/sbin/runc',
    description: 'path of runc',
  },
  probePath: {
    env: 'FORKPROOF_PROVISIONER_PROBE_PATH',
    schema: absolutePath,
    default: '/usr/local/bin/forkproof-probe',
    description: 'path of the probe that looks around from inside a canary build',
  },
  probeEmulatedPath: {
    env: 'FORKPROOF_PROVISIONER_PROBE_EMULATED_PATH',
    schema: absolutePath,
    optional: true,
    description: 'path of the probe built for the platform that is emulated here; none is served without it',
  },
  binfmtFolder: {
    env: 'FORKPROOF_PROVISIONER_BINFMT_FOLDER',
    schema: absolutePath,
    default: binfmtFolder,
    description: 'where binfmt_misc is mounted, which says what this machine can emulate',
  },
})

const processSettings = defineSettings({
  cgroup: {
    env: 'FORKPROOF_PROVISIONER_PROCESS_CGROUP',
    schema: absolutePath,
    default: '/forkproof',
    description: 'process driver: cgroup below which builders get theirs',
  },
  userFirst: {
    env: 'FORKPROOF_PROVISIONER_PROCESS_USER_FIRST',
    schema: count(65_536, 4_000_000_000),
    // Above every range that systemd hands out (uid-gid of containers end at 0x6fffffff).
    default: 1_879_048_192,
    description: 'process driver: first user and group id that builders may have; used by nobody else on the machine',
  },
  userRanges: {
    env: 'FORKPROOF_PROVISIONER_PROCESS_USER_RANGES',
    schema: count(1, 4_000),
    default: 1_000,
    description: 'process driver: how many builders and project caches have ids, 65536 each',
  },
  projectDiskMegabytes: {
    env: 'FORKPROOF_PROVISIONER_PROJECT_DISK_MB',
    schema: count(64, 16_777_216),
    default: 32_768,
    description: 'disk of a project’s cache, in MiB; made sparse',
  },
})

const dockerSettings = defineSettings({
  dockerSocket: {
    env: 'FORKPROOF_PROVISIONER_DOCKER_SOCKET',
    schema: absolutePath,
    default: '/var/run/docker.sock',
    description: 'docker driver: the daemon’s unix socket',
  },
  dockerImage: {
    env: 'FORKPROOF_PROVISIONER_DOCKER_IMAGE',
    schema: z.string().min(1).max(300),
    default: 'moby/buildkit:v0.32.2-rootless',
    description: 'docker driver: image of BuildKit, best by digest; never pulled here',
  },
})

/** The way out of builders with egress `internet`. */
const uplinkSettings = defineSettings({
  uplinkNamespace: {
    env: 'FORKPROOF_PROVISIONER_UPLINK_NAMESPACE',
    schema: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
    optional: true,
    description: 'network namespace (below /run/netns) through which builders leave; the machine’s own when not set',
  },
  uplinkNetwork: {
    env: 'FORKPROOF_PROVISIONER_UPLINK_NETWORK',
    schema: network,
    default: '198.19.64.0/18',
    description: 'IPv4 network of builders’ links; used nowhere else (the default is of RFC 2544’s range)',
  },
  uplinkNameservers: {
    env: 'FORKPROOF_PROVISIONER_UPLINK_NAMESERVERS',
    schema: listOf('IP addresses', address),
    default: '1.1.1.1,9.9.9.9',
    description: 'comma list of public resolvers that builders may ask',
  },
  uplinkBlocked: {
    env: 'FORKPROOF_PROVISIONER_UPLINK_BLOCKED',
    schema: listOf('IPv4 networks', text => formatNetwork(parseNetwork(text))),
    default: '',
    description: 'comma list of more networks that builders may not reach',
  },
})

/** What the canary build of the readiness check must not reach from inside a builder. */
const readinessSettings = defineSettings({
  forbiddenTargets: {
    env: 'FORKPROOF_PROVISIONER_FORBIDDEN_TARGETS',
    schema: listOf('host:port', hostAndPort),
    default: '',
    description:
      'comma list of host:port that no build may reach, besides metadata services, private networks and this machine itself; a builder from inside which one answers is not used; names are resolved by the node, and one that has no address leaves no builder ready',
  },
})

export const driverSettings = defineSettings({
  ...limitSettings,
  ...programSettings,
  ...processSettings,
  ...dockerSettings,
  ...uplinkSettings,
  ...readinessSettings,
})
