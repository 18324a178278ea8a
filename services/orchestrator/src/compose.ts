import { fileURLToPath } from 'node:url'
import { consumers, streams } from '@forkproof/contracts/subjects'
import { connectBus } from '@forkproof/infra/bus'
import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { bundleWorkflows, connectTemporal, installTemporalRuntime, startWorker } from '@forkproof/infra/temporal'
import { buildTaskQueue } from '@forkproof/workflows/builds/api'
import { claimTaskQueue } from '@forkproof/workflows/claims/api'
import { createBuilderSignals } from './builds/builder-signals.ts'
import { createCommandActivities } from './builds/publish-command.ts'
import type { Config } from './config.ts'
import { createEventActivities } from './events/publish-event.ts'
import { ensureRotationSchedule } from './rotation/schedule.ts'

/** Signals to Temporal under way at once. */
const builderEventsMax = 32

export async function compose(config: Config, lifecycle: Lifecycle): Promise<{ log: Logger }> {
  const log = createLogger({ service: 'orchestrator', level: config.logLevel })
  installTemporalRuntime(log)
  const bus = await connectBus({ servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log })
  lifecycle.add('message bus', () => bus.close())
  const temporal = { address: config.temporalAddress, namespace: config.temporalNamespace }
  const client = connectTemporal(temporal, lifecycle)
  const shared = {
    // Workflow code is loaded by path into Temporal's sandbox and never into this process.
    workflowBundle: await bundleWorkflows(fileURLToPath(import.meta.resolve('@forkproof/workflows/bundle'))),
    maxConcurrentLocalActivityExecutions: 100,
    // After a crash, what its workflows do next waits this long for the dead process; the default is 10 s.
    stickyQueueScheduleToStartTimeout: 3_000,
  }
  const workers = [
    { ...shared, taskQueue: claimTaskQueue, activities: createEventActivities(bus), maxCachedWorkflows: 1_000 },
    { ...shared, taskQueue: buildTaskQueue, activities: createCommandActivities(bus), maxCachedWorkflows: 500 },
  ]
  await Promise.all(workers.map(worker => startWorker({ ...temporal, worker }, { lifecycle, log })))
  const { signal } = lifecycle
  const consuming = bus.consume(
    { stream: streams.builders, consumer: consumers.builderEvents, concurrency: builderEventsMax, signal },
    createBuilderSignals({ client, clock: systemClock, log }, signal),
  )
  lifecycle.add('builder events', () => consuming)
  await ensureRotationSchedule(client, config.rotationCheckMinutes)
  return { log }
}
