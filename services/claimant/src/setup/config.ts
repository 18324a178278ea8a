import { tmpdir } from 'node:os'
import * as core from '@actions/core'
import manifest from '../../package.json' with { type: 'json' }
import type { RunnerOs } from './launcher.ts'
import { isSafeUrl, type ReleaseSource } from './release-file.ts'

export interface SetupConfig {
  readonly version: string
  /** Absent: the command line that comes with this action. */
  readonly source: ReleaseSource | undefined
  readonly os: RunnerOs
  readonly arch: string
  readonly toolCache: string | undefined
  readonly temporaryFolder: string
  readonly env: NodeJS.ProcessEnv
}

const systems: Readonly<Record<string, RunnerOs>> = { Linux: 'Linux', macOS: 'macOS', Windows: 'Windows' }
const architectures = ['X86', 'X64', 'ARM', 'ARM64']

/** The inputs and the runner's variables. The only reader of the environment here. */
export function readSetupConfig(env: NodeJS.ProcessEnv = process.env): SetupConfig | { problems: string[] } {
  const asked = core.getInput('version').replace(/^v/, '')
  const sha256 = core.getInput('sha256').toLowerCase()
  const given = core.getInput('download-url').replace(/\/+$/, '')
  const version = asked === '' ? manifest.version : asked
  const folderUrl = given === '' ? releaseFolder(env, version) : given
  const os = systems[env['RUNNER_OS'] ?? '']
  const arch = env['RUNNER_ARCH'] ?? ''
  const problems = [
    ...(/^[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}(-[0-9A-Za-z.-]{1,40})?$/.test(version)
      ? []
      : ['version: must be a release such as 1.2.3']),
    ...(sha256 === '' || /^[0-9a-f]{64}$/.test(sha256) ? [] : ['sha256: must be 64 hexadecimal digits']),
    ...(asked === '' && (sha256 !== '' || given !== '') ? ['sha256, download-url: go with `version`'] : []),
    ...(asked === '' || isSafeUrl(folderUrl)
      ? []
      : ['download-url: must be an https address, or http on this machine']),
    ...(os !== undefined && architectures.includes(arch)
      ? []
      : ['RUNNER_OS, RUNNER_ARCH: this is none of GitHub’s runners']),
  ]
  if (problems.length > 0 || os === undefined) return { problems }
  return {
    version,
    source: asked === '' ? undefined : { folderUrl, sha256: sha256 === '' ? undefined : sha256 },
    os,
    arch,
    toolCache: env['RUNNER_TOOL_CACHE'] || undefined,
    temporaryFolder: env['RUNNER_TEMP'] || tmpdir(),
    env,
  }
}

/** Where GitHub has the files of a release of the repository that this action comes from. */
function releaseFolder(env: NodeJS.ProcessEnv, version: string): string {
  const server = env['GITHUB_SERVER_URL'] || 'https://github.com'
  const repository = env['GITHUB_ACTION_REPOSITORY'] || 'forkproof/forkproof'
  return `${server}/${repository}/releases/download/v${version}`
}
