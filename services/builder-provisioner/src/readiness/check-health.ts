import { once } from 'node:events'
import { connect } from 'node:net'
import { AppError } from '@forkproof/contracts/errors'
import type { Clock } from '@forkproof/infra/clock'
import { type BuilderEndpoint, connectOptionsOf } from '../state/builder-endpoint.ts'
import { type BuildKitConnection, openBuildKit } from './buildkit-connection.ts'

/** A cold start takes a tenth of it. More means that the machine is far too busy or the builder is broken. */
const serveMsMax = 20_000
const callMsMax = 1_000
const retryEveryMs = 20
/** HealthCheckResponse with status SERVING (grpc.health.v1). */
const serving = Buffer.from([0x08, 0x01])
const nothing = Buffer.alloc(0)

interface HealthCheckOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly serveMsMax?: number
}

/** As `connectServing`, for callers that only ask. */
export async function checkHealth(endpoint: BuilderEndpoint, options: HealthCheckOptions): Promise<void> {
  const buildkit = await connectServing(endpoint, options)
  buildkit.close()
}

/**
 * Resolves when BuildKit at this endpoint serves and has a worker, with the connection over which it said so. The
 * caller closes it. A listener that accepts is not enough: BuildKit listens before it can answer
 * (docs/facts/buildkit.md#ready).
 * @throws AppError builder_not_ready, or the signal's reason
 */
export async function connectServing(
  endpoint: BuilderEndpoint,
  options: HealthCheckOptions,
): Promise<BuildKitConnection> {
  const { clock, signal } = options
  const deadlineMs = clock.now() + (options.serveMsMax ?? serveMsMax)
  const attempt = async <T>(act: () => Promise<T>): Promise<T> => {
    for (;;) {
      signal.throwIfAborted()
      try {
        return await act()
      } catch (cause) {
        signal.throwIfAborted()
        if (clock.now() >= deadlineMs) throw new AppError('builder_not_ready', { cause })
      }
      await clock.sleep(retryEveryMs, signal)
    }
  }
  // Most of the wait is for the socket to appear: a plain connection costs a tenth of an attempt by gRPC.
  await attempt(() => accepts(endpoint, signal))
  const buildkit = openBuildKit(endpoint)
  try {
    await attempt(() => askOnce(buildkit, signal))
    return buildkit
  } catch (error) {
    buildkit.close()
    throw error
  }
}

async function accepts(endpoint: BuilderEndpoint, signal: AbortSignal): Promise<void> {
  const socket = connect(connectOptionsOf(endpoint))
  try {
    await once(socket, 'connect', { signal })
  } finally {
    socket.destroy()
  }
}

/** No schema is needed for two questions without content. */
async function askOnce(buildkit: BuildKitConnection, signal: AbortSignal): Promise<void> {
  const options = { signal, msMax: callMsMax }
  const health = await buildkit.ask('/grpc.health.v1.Health/Check', nothing, options)
  if (!health.equals(serving)) throw new Error('the builder does not serve')
  const workers = await buildkit.ask('/moby.buildkit.v1.Control/ListWorkers', nothing, options)
  if (workers.length === 0) throw new Error('the builder has no worker')
}
