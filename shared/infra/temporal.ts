import { bundleWorkflowCode, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker'
import type { Lifecycle } from './lifecycle.ts'
import type { Logger } from './log.ts'
import type { TemporalOptions } from './temporal-client.ts'

export { connectTemporal, type TemporalOptions } from './temporal-client.ts'

/** One owner of signals: Temporal's native core would install handlers of its own. Call before any worker. */
export function installTemporalRuntime(log: Logger, metricsAddress?: string): void {
  Runtime.install({
    shutdownSignals: [],
    logger: coreLogger(log),
    telemetryOptions: {
      logging: { forward: {}, filter: 'WARN' },
      ...(metricsAddress && { metrics: { prometheus: { bindAddress: metricsAddress, useSecondsForDurations: true } } }),
    },
  })
}

/** Bundles workflow code once, for workers of several task queues in one process: a second of CPU time each. */
export const bundleWorkflows = (workflowsPath: string): ReturnType<typeof bundleWorkflowCode> =>
  bundleWorkflowCode({ workflowsPath })

/**
 * Starts a worker and keeps it until shutdown; a worker that ends by itself ends the process, so that a supervisor sees
 * it. Waits for the server: services and servers may start in any order.
 */
export async function startWorker(
  options: TemporalOptions & { worker: Omit<WorkerOptions, 'connection' | 'namespace'> },
  { lifecycle, log }: { lifecycle: Lifecycle; log: Logger },
): Promise<void> {
  const connection = await connectNative(options.address, log, lifecycle.signal)
  lifecycle.add('temporal connection', () => connection.close())
  const worker = await Worker.create({
    connection,
    namespace: options.namespace,
    // Long polls of activities end by cancellation within this time, see their own abort signals.
    shutdownGraceTime: '2s',
    shutdownForceTime: '6s',
    // An idle process of each service stays idle; more pollers are added under load.
    workflowTaskPollerBehavior: { type: 'autoscaling', minimum: 1, maximum: 8, initial: 2 },
    activityTaskPollerBehavior: { type: 'autoscaling', minimum: 1, maximum: 8, initial: 2 },
    ...options.worker,
  })
  const running = worker.run()
  running.catch(err => {
    log.error({ err }, 'the worker ended')
    process.exitCode = 1
    process.kill(process.pid, 'SIGTERM')
  })
  lifecycle.add('temporal worker', async () => {
    if (worker.getState() === 'RUNNING') worker.shutdown()
    await running.catch(() => undefined)
  })
}

const connectAttemptsMax = 120
const connectPauseMs = 500

async function connectNative(address: string, log: Logger, signal: AbortSignal): Promise<NativeConnection> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await NativeConnection.connect({ address, grpcCompression: { codec: 'none' } })
    } catch (err) {
      if (attempt >= connectAttemptsMax || signal.aborted) throw err
      if (attempt % 10 === 1) log.warn({ attempt, err }, 'waiting for Temporal')
      await new Promise(resolve => setTimeout(resolve, connectPauseMs))
    }
  }
}

function coreLogger(log: Logger) {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: Record<string, unknown>) =>
    log[level]({ ...(meta?.['error'] instanceof Error && { err: meta['error'] }) }, message)
  return {
    log: (level: string, message: string) => log.debug({ kind: level }, message),
    trace: at('debug'),
    debug: at('debug'),
    info: at('debug'),
    warn: at('warn'),
    error: at('error'),
  }
}
