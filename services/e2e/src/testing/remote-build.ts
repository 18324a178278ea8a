import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Credentials } from './builds.ts'

const buildMsMax = 90_000
const outputBytesMax = 4_194_304

export interface Finished {
  readonly code: number
  /** Both outputs, as they came. */
  readonly output: string
}

/** A folder to build from: the probe is the only program there is, because nothing can be pulled. */
export async function imageContext(
  at: { probe: string; folder: string },
  lines: readonly string[] = ['RUN ["/probe","hello"]'],
): Promise<string> {
  const folder = await mkdtemp(join(at.folder, 'context-'))
  await copyFile(at.probe, join(folder, 'probe'))
  // The readiness check has built the probe alone on every builder: what is looked for here must be this context's own.
  await writeFile(join(folder, 'stamp'), crypto.randomUUID())
  await writeFile(join(folder, 'Dockerfile'), ['FROM scratch', 'COPY probe stamp /', ...lines, ''].join('\n'))
  return folder
}

/** The flags with which an unmodified buildctl reaches a leased builder. */
export const buildctlFlags = (to: Credentials): string[] => [
  ...['--addr', to.endpoint, '--tlsservername', to.serverName],
  ...['--tlscacert', to.ca, '--tlscert', to.certificate, '--tlskey', to.key],
]

/** `buildctl build` of a Dockerfile, by the person who has these credentials, or on a local socket. Resolves also when it fails. */
export function buildWith(
  { buildctl, to }: { buildctl: string; to: Credentials | string },
  context: string,
  options: { args?: readonly string[]; signal?: AbortSignal } = {},
): Promise<Finished> {
  const source = ['--frontend', 'dockerfile.v0', '--local', `context=${context}`, '--local', `dockerfile=${context}`]
  const args = [
    ...(typeof to === 'string' ? ['--addr', to] : buildctlFlags(to)),
    'build',
    '--progress',
    'plain',
    ...source,
    ...(options.args ?? []),
  ]
  return finished(buildctl, args, options.signal)
}

export function finished(
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
  env?: NodeJS.ProcessEnv,
): Promise<Finished> {
  return new Promise(resolve => {
    const bounds = { timeout: buildMsMax, maxBuffer: outputBytesMax, ...(signal && { signal }), ...(env && { env }) }
    execFile(program, [...args], bounds, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output: `${stdout}${stderr}` })
    })
  })
}
