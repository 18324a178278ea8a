import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseVersion, type Version } from './tool-version.ts'

/** An external program: how it is recognised, and where it comes from when the machine has none. */
export type Tool = GoTool | DebianTool

interface ToolBase {
  readonly name: string
  /** Of what is built or fetched; names the folder in the cache. */
  readonly version: string
  /** The setting that names a program to use instead. */
  readonly setting: string
  /** How an installed program proves that it is recent enough; absent for programs that only this repository has. */
  readonly installed?: InstalledCheck
}

/** Built from a Go module that is pinned here. */
export interface GoTool extends ToolBase {
  /** Folder with go.mod and go.sum. */
  readonly moduleFolder: string
  /** What `go build` compiles inside that module. */
  readonly goPackage: string
  readonly linkerFlags: string
  readonly buildTags?: string
  /** As Go calls it, where it is not this machine's. */
  readonly architecture?: string
}

/** Taken out of a package of the machine's own distribution, without installing it: for what needs a C compiler. */
export interface DebianTool extends ToolBase {
  readonly debianPackage: string
  /** Where the program lies inside the package. */
  readonly programInPackage: string
}

export const isGoTool = (tool: Tool): tool is GoTool => 'goPackage' in tool

interface InstalledCheck {
  readonly versionArgs: readonly string[]
  readonly minimum: Version
  /** Reads the version that the minimum speaks of out of the program's answer. */
  readonly versionIn: (answer: string) => Version | undefined
  readonly minimumInWords: string
}

const modules = fileURLToPath(new URL('../../tools/', import.meta.url))
const temporalVersion = '1.5.1'
const natsVersion = '2.12.4'

/** Temporal's CLI with the dev server. A CLI that was built by hand says 0.0.0, so the server inside counts. */
export const temporalTool: GoTool = {
  name: 'temporal',
  version: temporalVersion,
  setting: 'FORKPROOF_TEMPORAL_PATH',
  moduleFolder: join(modules, 'temporal'),
  goPackage: 'github.com/temporalio/cli/cmd/temporal',
  linkerFlags: `-s -w -X github.com/temporalio/cli/temporalcli.Version=${temporalVersion}`,
  installed: {
    versionArgs: ['--version'],
    minimum: [1, 29, 0],
    versionIn: answer => parseVersion(/\(Server ([^,)]*)/.exec(answer)?.[1] ?? ''),
    minimumInWords: 'Temporal CLI 1.5.0 (server 1.29.0)',
  },
}

/** 2.12 is the first line whose file store can be told to sync each write and was fixed for it. */
export const natsServerTool: GoTool = {
  name: 'nats-server',
  version: natsVersion,
  setting: 'FORKPROOF_NATS_SERVER_PATH',
  moduleFolder: join(modules, 'nats-server'),
  goPackage: 'github.com/nats-io/nats-server/v2',
  linkerFlags: '-s -w',
  installed: {
    versionArgs: ['--version'],
    minimum: [2, 12, 0],
    versionIn: parseVersion,
    minimumInWords: 'nats-server 2.12.0',
  },
}

const buildkitVersion = '0.32.2'
const buildxVersion = '0.38.2'

const buildkit = (name: 'buildkitd' | 'buildctl', setting: string): GoTool => ({
  name,
  version: buildkitVersion,
  setting,
  moduleFolder: join(modules, 'buildkit'),
  goPackage: `github.com/moby/buildkit/cmd/${name}`,
  linkerFlags: `-s -w -X github.com/moby/buildkit/version.Version=v${buildkitVersion}`,
  buildTags: 'osusergo,netgo,static_build,seccomp',
  installed: {
    versionArgs: ['--version'],
    minimum: [0, 31, 0],
    versionIn: parseVersion,
    minimumInWords: 'BuildKit 0.31.0',
  },
})
export const buildkitdTool = buildkit('buildkitd', 'FORKPROOF_BUILDKITD_PATH')
export const buildctlTool = buildkit('buildctl', 'FORKPROOF_BUILDCTL_PATH')

/** For tests: one of the clients that build on our builders. */
export const buildxTool: GoTool = {
  name: 'buildx',
  version: buildxVersion,
  setting: 'FORKPROOF_BUILDX_PATH',
  moduleFolder: join(modules, 'buildx'),
  goPackage: 'github.com/docker/buildx/cmd/buildx',
  linkerFlags: `-s -w -X github.com/docker/buildx/version.Version=v${buildxVersion}`,
}

/** For tests: reads the workflow files of this repository as GitHub would. */
export const actionlintTool: GoTool = {
  name: 'actionlint',
  version: '1.7.12',
  setting: 'FORKPROOF_ACTIONLINT_PATH',
  moduleFolder: join(modules, 'actionlint'),
  goPackage: 'github.com/rhysd/actionlint/cmd/actionlint',
  linkerFlags: '-s -w',
}

/** BuildKit's RUN steps. 1.1.5 is what Debian 12 has. */
export const runcTool: DebianTool = {
  name: 'runc',
  version: 'debian',
  setting: 'FORKPROOF_RUNC_PATH',
  debianPackage: 'runc',
  programInPackage: 'usr/sbin/runc',
  installed: {
    versionArgs: ['--version'],
    minimum: [1, 1, 0],
    versionIn: parseVersion,
    minimumInWords: 'runc 1.1.0',
  },
}

/** What a builder's readiness check runs inside; also the program of the demo's image. */
export function probeTool(): GoTool {
  const moduleFolder = fileURLToPath(new URL('../../../builder-provisioner/probe/', import.meta.url))
  return {
    name: 'probe',
    version: contentVersion(moduleFolder),
    setting: 'FORKPROOF_PROBE_PATH',
    moduleFolder,
    goPackage: '.',
    linkerFlags: '-s -w',
  }
}

/** The same program for another platform, such as `linux/arm64`. */
export function emulatedProbeTool(platform: string): GoTool {
  const architecture = platform.replace('linux/', '')
  return { ...probeTool(), name: `probe-${architecture}`, setting: 'FORKPROOF_PROBE_EMULATED_PATH', architecture }
}

/** The independent verifier of the tests. Its source is here, so its content is its version. */
export function verifyTokenTool(): GoTool {
  const moduleFolder = join(modules, 'verify-token')
  return {
    name: 'verify-token',
    version: contentVersion(moduleFolder),
    setting: 'FORKPROOF_VERIFY_TOKEN_PATH',
    moduleFolder,
    goPackage: '.',
    linkerFlags: '-s -w',
  }
}

function contentVersion(folder: string): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(folder).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(folder, file)))
      .update('\0')
  }
  return `source-${hash.digest('hex').slice(0, 16)}`
}
