import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseVersion, type Version } from './tool-version.ts'

/** An external program: how it is recognised, and how it is built from the Go module pinned in tools/<name>/. */
export interface Tool {
  readonly name: string
  /** Of what is built; names the folder in the cache. */
  readonly version: string
  /** The setting that names a program to use instead. */
  readonly setting: string
  /** Folder with go.mod and go.sum. */
  readonly moduleFolder: string
  /** What `go build` compiles inside that module. */
  readonly goPackage: string
  readonly linkerFlags: string
  /** How an installed program proves that it is recent enough; absent for programs that only this repository has. */
  readonly installed?: InstalledCheck
}

export interface InstalledCheck {
  readonly versionArgs: readonly string[]
  readonly minimum: Version
  /** Reads the version that the minimum speaks of out of the program's answer. */
  readonly versionIn: (answer: string) => Version | undefined
  readonly minimumInWords: string
}

const modules = fileURLToPath(new URL('../../tools/', import.meta.url))
const temporalVersion = '1.5.1'
const natsVersion = '2.12.4'

/** Temporal's CLI with the dev server. A CLI of one's own build says 0.0.0, so what counts is the server inside. */
export const temporalTool: Tool = {
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
export const natsServerTool: Tool = {
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

/** The independent verifier of the tests. Its source is here, so its content is its version. */
export function verifyTokenTool(): Tool {
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
