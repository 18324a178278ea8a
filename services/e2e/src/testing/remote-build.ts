import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuilderCredentials } from './build-requests.ts'

const buildMsMax = 90_000
const outputBytesMax = 4_194_304

export interface FinishedProgram {
  readonly code: number
  /** Standard output, then standard error. */
  readonly output: string
}

/** Makes a folder to build from. The probe is its only program, because nothing can be pulled. */
export async function imageContext(
  at: { probe: string; folder: string },
  lines: readonly string[] = ['RUN ["/probe","hello"]'],
): Promise<string> {
  const folder = await mkdtemp(join(at.folder, 'context-'))
  await copyFile(at.probe, join(folder, 'probe'))
  // The readiness check built the probe alone on every builder. The stamp makes this context different.
  await writeFile(join(folder, 'stamp'), crypto.randomUUID())
  await writeFile(join(folder, 'Dockerfile'), ['FROM scratch', 'COPY probe stamp /', ...lines, ''].join('\n'))
  return folder
}

/** The flags by which an unmodified buildctl reaches a leased builder. */
export const buildctlFlags = (to: BuilderCredentials): string[] => [
  ...['--addr', to.endpoint, '--tlsservername', to.serverName],
  ...['--tlscacert', to.ca, '--tlscert', to.certificate, '--tlskey', to.key],
]

/** Runs `buildctl build` of a Dockerfile with these credentials or on a local socket. Resolves also when it fails. */
export function buildWith(
  { buildctl, to }: { buildctl: string; to: BuilderCredentials | string },
  context: string,
  options: { args?: readonly string[]; signal?: AbortSignal } = {},
): Promise<FinishedProgram> {
  const source = ['--frontend', 'dockerfile.v0', '--local', `context=${context}`, '--local', `dockerfile=${context}`]
  const args = [
    ...(typeof to === 'string' ? ['--addr', to] : buildctlFlags(to)),
    'build',
    '--progress',
    'plain',
    ...source,
    ...(options.args ?? []),
  ]
  return runToEnd(buildctl, args, options.signal)
}

export function runToEnd(
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
  env?: NodeJS.ProcessEnv,
): Promise<FinishedProgram> {
  return new Promise(resolve => {
    const bounds = { timeout: buildMsMax, maxBuffer: outputBytesMax, ...(signal && { signal }), ...(env && { env }) }
    execFile(program, [...args], bounds, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output: `${stdout}${stderr}` })
    })
  })
}
