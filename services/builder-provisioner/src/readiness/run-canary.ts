import { randomUUID } from 'node:crypto'
import { create, toBinary } from '@bufbuild/protobuf'
import { AppError } from '@forkproof/contracts/errors'
import { orAborted } from '@forkproof/infra/abortable'
import { BuildProgress } from './build-progress.ts'
import type { BuildKitConnection } from './buildkit-connection.ts'
import type { CanaryRequest } from './canary-request.ts'
import { StatusRequestSchema } from './generated-messages.ts'

/** Emulated platforms are slow; a native canary takes a third of a second. */
const canaryMsMax = 30_000
/** How long a failed build's last words are waited for: they come before its error, but by another way. */
const wordsMsMax = 1_000
const reasonMax = 200

interface CanaryOptions {
  readonly buildkit: BuildKitConnection
  readonly request: CanaryRequest
  readonly targets: readonly string[]
}

/**
 * Builds the canary image on a builder and throws it away. docs/glossary.md: canary.
 * A builder answers health checks also when it cannot mount or run anything. The RUN step fails when it reaches one of
 * the targets. The build is cancelled in the builder when the signal aborts.
 * @throws AppError builder_not_ready with the build's last words as the cause, or the signal's reason
 */
export async function runCanary(
  canary: CanaryOptions,
  signal: AbortSignal,
  msMax: number = canaryMsMax,
): Promise<void> {
  signal.throwIfAborted()
  const { buildkit, request, targets } = canary
  const over = new AbortController()
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(msMax)])
  const options = { signal: AbortSignal.any([bounded, over.signal]), msMax: msMax + wordsMsMax }
  const ref = randomUUID()
  const progress = new BuildProgress()
  // Asked for first: BuildKit forgets a build when it ends, and holds such a question until the build begins.
  const told = buildkit.listen('/moby.buildkit.v1.Control/Status', statusOf(ref), progress.keep, options)
  try {
    await buildkit.ask('/moby.buildkit.v1.Control/Solve', request(ref, targets), options)
  } catch (error) {
    signal.throwIfAborted()
    if (bounded.aborted) throw notReady(`the canary build took more than ${msMax} ms`)
    await orAborted(told, AbortSignal.any([bounded, AbortSignal.timeout(wordsMsMax)])).catch(() => undefined)
    signal.throwIfAborted()
    throw notReady(`the canary build failed: ${[progress.lastWords(), reasonOf(error)].filter(Boolean).join(' | ')}`)
  } finally {
    over.abort()
  }
}

const statusOf = (ref: string) => toBinary(StatusRequestSchema, create(StatusRequestSchema, { ref }))

const notReady = (why: string) => new AppError('builder_not_ready', { cause: new Error(why) })

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ').slice(0, reasonMax)
