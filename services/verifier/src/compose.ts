import { limits } from '@forkproof/contracts/limits'
import { connectBus } from '@forkproof/infra/bus'
import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { connectTemporal, installTemporalRuntime, startWorker } from '@forkproof/infra/temporal'
import { githubTaskQueue } from '@forkproof/workflows/task-queues'
import { readAttestationKey } from './attestation/attestation-key.ts'
import type { VerifierConfig } from './config.ts'
import { boundedFetch } from './github/bounded-fetch.ts'
import { GithubMetrics } from './metrics/github-metrics.ts'
import { startMetricsServer } from './metrics/metrics-server.ts'
import { wireVerifier } from './wire-verifier.ts'

/** Watched claims, and runs of builds, which are watched for as long as their builds live. */
const concurrentActivitiesMax = 1_000

export async function compose(config: VerifierConfig, lifecycle: Lifecycle): Promise<{ log: Logger }> {
  const log = createLogger({ service: 'verifier', level: config.logLevel })
  installTemporalRuntime(log)
  const attestationKey = await readAttestationKey(config.attestationKey)
  const bus = await connectBus({ servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log })
  lifecycle.add('message bus', () => bus.close())
  const temporal = { address: config.temporalAddress, namespace: config.temporalNamespace }
  const metrics = new GithubMetrics()
  const { activities, observers, followProjects, pool } = wireVerifier(
    { ...config, attestationKey },
    {
      fetch: boundedFetch({ timeoutMs: limits.githubRequestTimeoutMs, bytesMax: limits.githubBodyBytesMax }),
      bus,
      temporal: connectTemporal(temporal, lifecycle),
      clock: systemClock,
      random: Math.random,
      log,
      onRefusal: metrics.onRefusal,
      stopping: lifecycle.signal,
    },
  )
  lifecycle.add('observers', () => observers.close())
  const following = followProjects()
  lifecycle.add('related repositories', () => following)
  await serveMetrics(config, { contentType: metrics.contentType, render: () => metrics.render(pool), log }, lifecycle)
  const worker = {
    taskQueue: githubTaskQueue,
    activities: { ...activities },
    maxConcurrentActivityTaskExecutions: concurrentActivitiesMax,
  }
  await startWorker({ ...temporal, worker }, { lifecycle, log })
  return { log }
}

async function serveMetrics(
  { metricsHost: host, metricsPort: port }: VerifierConfig,
  deps: Parameters<typeof startMetricsServer>[1],
  lifecycle: Lifecycle,
): Promise<void> {
  if (port === 'off') return
  const server = await startMetricsServer({ host, port }, deps)
  lifecycle.add('metrics', () => server.close())
  deps.log.info({ url: server.url }, 'metrics')
}
