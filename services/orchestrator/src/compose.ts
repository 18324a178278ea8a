import { fileURLToPath } from 'node:url'
import { connectBus } from '@forkproof/infra/bus'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { connectTemporal, installTemporalRuntime, startWorker } from '@forkproof/infra/temporal'
import { claimTaskQueue } from '@forkproof/workflows/claim/api'
import type { Config } from './config.ts'
import { createEventActivities } from './events/publish-event.ts'
import { ensureRotationSchedule } from './rotation/schedule.ts'

export async function compose(config: Config, lifecycle: Lifecycle): Promise<{ log: Logger }> {
  const log = createLogger({ service: 'orchestrator', level: config.logLevel })
  installTemporalRuntime(log)
  const bus = await connectBus({ servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log })
  lifecycle.add('message bus', () => bus.close())
  const temporal = { address: config.temporalAddress, namespace: config.temporalNamespace }
  const client = connectTemporal(temporal, lifecycle)
  await startWorker(
    {
      ...temporal,
      worker: {
        taskQueue: claimTaskQueue,
        // Workflow code is loaded by path into Temporal's sandbox and never into this process.
        workflowsPath: fileURLToPath(import.meta.resolve('@forkproof/workflows/bundle')),
        activities: createEventActivities(bus),
        maxConcurrentLocalActivityExecutions: 100,
        maxCachedWorkflows: 1_000,
      },
    },
    { lifecycle, log },
  )
  await ensureRotationSchedule(client, config.rotationCheckMinutes)
  return { log }
}
