import { binfmtFolder } from '@forkproof/builder-provisioner/drivers/host-platforms'
import { PlatformList } from '@forkproof/contracts/builder'
import { defineSettings, loadSettings } from '@forkproof/infra/config'
import { z } from 'zod'

const port = z.coerce.number().int().min(1).max(65_535)
const program = z.string().min(1).max(4_096)

export const settings = defineSettings({
  stateFolder: {
    env: 'FORKPROOF_STATE_FOLDER',
    schema: z.string().min(1).max(4_096),
    default: '.forkproof',
    description: 'folder for databases, keys and logs; one running system each',
  },
  temporalPath: {
    env: 'FORKPROOF_TEMPORAL_PATH',
    schema: program,
    optional: true,
    description: 'temporal program to use instead of looking for one',
  },
  natsServerPath: {
    env: 'FORKPROOF_NATS_SERVER_PATH',
    schema: program,
    optional: true,
    description: 'nats-server program to use instead of looking for one',
  },
  verifyTokenPath: {
    env: 'FORKPROOF_VERIFY_TOKEN_PATH',
    schema: program,
    optional: true,
    description: 'verify-token program (tests) to use instead of building it',
  },
  buildkitdPath: {
    env: 'FORKPROOF_BUILDKITD_PATH',
    schema: program,
    optional: true,
    description: 'buildkitd program to use instead of looking for one',
  },
  buildctlPath: {
    env: 'FORKPROOF_BUILDCTL_PATH',
    schema: program,
    optional: true,
    description: 'buildctl program to use instead of looking for one',
  },
  runcPath: {
    env: 'FORKPROOF_RUNC_PATH',
    schema: program,
    optional: true,
    description: 'runc program to use instead of looking for one',
  },
  probePath: {
    env: 'FORKPROOF_PROBE_PATH',
    schema: program,
    optional: true,
    description: 'probe program of the readiness check to use instead of building it',
  },
  probeEmulatedPath: {
    env: 'FORKPROOF_PROBE_EMULATED_PATH',
    schema: program,
    optional: true,
    description: 'the same for the platform that is emulated here',
  },
  buildxPath: {
    env: 'FORKPROOF_BUILDX_PATH',
    schema: program,
    optional: true,
    description: 'buildx program (tests) to use instead of building it',
  },
  actionlintPath: {
    env: 'FORKPROOF_ACTIONLINT_PATH',
    schema: program,
    optional: true,
    description: 'actionlint program (tests) to use instead of building it',
  },
  gatewayPort: {
    env: 'FORKPROOF_GATEWAY_PORT',
    schema: port,
    default: 8080,
    description: 'port of the gateway on 127.0.0.1',
  },
  simulatorPort: {
    env: 'FORKPROOF_SIMULATOR_PORT',
    schema: port,
    default: 8090,
    description: 'port of the GitHub simulator on 127.0.0.1',
  },
  temporalPort: {
    env: 'FORKPROOF_TEMPORAL_PORT',
    schema: port,
    default: 7233,
    description: 'port of the Temporal dev server on 127.0.0.1',
  },
  temporalUiPort: {
    env: 'FORKPROOF_TEMPORAL_UI_PORT',
    schema: port,
    default: 8233,
    description: 'port of the Temporal web UI on 127.0.0.1',
  },
  builderPort: {
    env: 'FORKPROOF_PROVISIONER_PORT',
    schema: port,
    default: 8372,
    description: 'port of the builders’ front door on 127.0.0.1',
  },
  depotPort: {
    env: 'FORKPROOF_GATEWAY_DEPOT_PORT',
    schema: port,
    default: 8081,
    description: 'port of the Depot-compatible API on 127.0.0.1',
  },
  platforms: {
    env: 'FORKPROOF_PROVISIONER_PLATFORMS',
    schema: PlatformList,
    optional: true,
    description: 'comma list of platforms to build for; every one that the machine can run when not set',
  },
  binfmtFolder: {
    env: 'FORKPROOF_PROVISIONER_BINFMT_FOLDER',
    schema: z.string().regex(/^\/[^\0]*$/, 'must be an absolute path'),
    default: binfmtFolder,
    description: 'where binfmt_misc is mounted, which says what this machine can emulate',
  },
  natsPort: {
    env: 'FORKPROOF_NATS_PORT',
    schema: port,
    default: 4222,
    description: 'port of nats-server on 127.0.0.1',
  },
})

type ProcessEnvironment = Readonly<Record<string, string | undefined>>

/** The variables this process was started with, for what is passed on to children and for finding programs. */
export const processEnvironment = (): ProcessEnvironment => process.env

/** What external programs need of the environment: where to look, where to cache, how to reach module proxies. */
const toolVariables =
  /^(PATH|HOME|XDG_CACHE_HOME|TMPDIR|LANG|GO[A-Z]+|CGO_[A-Z]+|CC|CXX|[A-Za-z]+_PROXY|[a-z]+_proxy|SSL_CERT_(FILE|DIR))$/

export function readConfig(env: NodeJS.ProcessEnv) {
  const toolEnvironment = Object.fromEntries(Object.entries(env).filter(([name]) => toolVariables.test(name)))
  return { ...loadSettings(settings, env), toolEnvironment }
}
export type LocalConfig = ReturnType<typeof readConfig>
