import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Platform } from '@forkproof/contracts/build'
import { AppError } from '@forkproof/contracts/errors'

/** Emulated platforms are slow; a native canary takes a third of a second. */
const canaryMsMax = 30_000
/** Enough for the last error of a build; a builder that talks without end fills no memory of ours. */
const outputCharactersMax = 2_000

interface Canary {
  readonly buildctlPath: string
  /** Folder with a Dockerfile and what it copies; see `canary-context.ts`. */
  readonly context: string
  readonly socketPath: string
  readonly platform: Platform
  readonly targets: readonly string[]
}

/**
 * Builds the canary image on a builder and throws it away: a builder answers health checks also when it cannot mount or run anything. The
 * RUN step fails when it reaches one of the targets. @throws AppError builder_not_ready with the build's last words as the cause, or the
 * signal's reason; the client program is gone either way
 */
export async function runCanary(canary: Canary, signal: AbortSignal, msMax: number = canaryMsMax): Promise<void> {
  signal.throwIfAborted()
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(msMax)])
  const child = spawn(canary.buildctlPath, argumentsFor(canary), {
    stdio: ['ignore', 'ignore', 'pipe'],
    // Nothing of this process: no proxy, no registry credentials, no telemetry.
    env: { HOME: canary.context, DOCKER_CONFIG: canary.context, TARGETS: canary.targets.join(',') },
  })
  const kill = () => child.kill('SIGKILL')
  bounded.addEventListener('abort', kill, { once: true })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-outputCharactersMax)
  })
  try {
    // `error` instead, when it cannot be started at all, makes this reject.
    const [code] = await once(child, 'close')
    signal.throwIfAborted()
    if (code === 0) return
    throw new Error(bounded.aborted ? `the canary build took more than ${msMax} ms` : lastWords(output))
  } catch (cause) {
    signal.throwIfAborted()
    throw new AppError('builder_not_ready', { cause })
  } finally {
    bounded.removeEventListener('abort', kill)
  }
}

const argumentsFor = ({ socketPath, context, platform }: Canary): string[] => [
  ...['--addr', `unix://${socketPath}`, 'build', '--frontend', 'dockerfile.v0', '--progress', 'plain'],
  ...['--local', `context=${context}`, '--local', `dockerfile=${context}`, '--opt', `platform=${platform}`],
  // The step itself must run, whatever the builder remembers; as a secret the targets are in none of its records.
  ...['--no-cache', '--secret', 'id=targets,env=TARGETS'],
]

/** The failed step and its reason, without progress: logs keep a few hundred characters of an error. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter(line => /(^error:|ERROR|reached )/.test(line))
  return `the canary build failed: ${(lines.length > 0 ? lines.slice(-3).join(' | ') : output).slice(-450)}`
}
