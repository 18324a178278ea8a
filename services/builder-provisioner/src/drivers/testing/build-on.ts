import { spawn } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressOf, type BuilderEndpoint } from '../../state/builder-endpoint.ts'

const outputCharactersMax = 200_000
const probeBuildMsMax = 60_000

export interface BuildctlResult {
  /** Null when it was killed. */
  readonly code: number | null
  readonly output: string
}

export interface BuildctlOptions {
  readonly dockerfile: string
  /** Copied into the context under these names. */
  readonly files: Readonly<Record<string, string>>
  /** More arguments of `buildctl build`. */
  readonly args?: readonly string[]
  /** Ends the client, not the builder. */
  readonly signal?: AbortSignal
}

/** Builds with an unmodified `buildctl` on a builder's socket. Never throws for a build that fails. */
export async function buildOn(
  buildctl: string,
  endpoint: BuilderEndpoint,
  input: BuildctlOptions,
): Promise<BuildctlResult> {
  const folder = await mkdtemp(join(tmpdir(), 'forkproof-context-'))
  try {
    for (const [name, path] of Object.entries(input.files)) await copyFile(path, join(folder, name))
    await writeFile(join(folder, 'Dockerfile'), input.dockerfile)
    const local = ['--local', `context=${folder}`, '--local', `dockerfile=${folder}`]
    const build = ['build', '--progress=plain', '--frontend', 'dockerfile.v0', ...local, ...(input.args ?? [])]
    return await run(buildctl, ['--addr', addressOf(endpoint), ...build], input.signal)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** An image of the probe alone, which says what it finds in a RUN step. */
export const probeImage = (probe: string, ...runs: readonly (readonly string[])[]): BuildctlOptions => ({
  dockerfile: ['FROM scratch', 'COPY probe /probe', ...runs.map(words => `RUN ${JSON.stringify(['/probe', ...words])}`)]
    .join('\n')
    .concat('\n'),
  files: { probe },
})

function run(program: string, args: readonly string[], signal?: AbortSignal): Promise<BuildctlResult> {
  const { promise, resolve, reject } = Promise.withResolvers<BuildctlResult>()
  const limit = AbortSignal.timeout(probeBuildMsMax)
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/bin:/bin', HOME: tmpdir() },
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputCharactersMax)
    })
  child.on('error', error => {
    if (error.name !== 'AbortError') reject(error)
  })
  child.on('close', code => resolve({ code, output }))
  return promise
}
