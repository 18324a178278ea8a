import { defineSettings } from '@forkproof/infra/config'
import { absolutePath, commaListOf, readHostAndPort } from '../settings/setting-schemas.ts'

/** The canary build of the readiness check: its probe, and what it must not reach from inside a builder. */
export const readinessSettings = defineSettings({
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
  forbiddenTargets: {
    env: 'FORKPROOF_PROVISIONER_FORBIDDEN_TARGETS',
    schema: commaListOf('host:port', readHostAndPort),
    default: '',
    description:
      'comma list of host:port that no build may reach, besides metadata services, private networks and this machine itself; a builder from inside which one answers is not used; names are resolved by the node, and one that has no address leaves no builder ready',
  },
})
