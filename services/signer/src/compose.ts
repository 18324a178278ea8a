import { randomUUID } from 'node:crypto'
import { TokenId } from '@forkproof/contracts/ids'
import { buckets } from '@forkproof/contracts/subjects'
import { type Bus, connectBus } from '@forkproof/infra/bus'
import { systemClock } from '@forkproof/infra/clock'
import type { Lifecycle } from '@forkproof/infra/lifecycle'
import { createLogger, type Logger } from '@forkproof/infra/log'
import { installTemporalRuntime, startWorker } from '@forkproof/infra/temporal'
import { signingTaskQueue } from '@forkproof/workflows/task-queues'
import type { SignerConfig } from './config.ts'
import { generateSigningKey } from './keys/signing-key.ts'
import { type Signer, wireSigner } from './wire-signer.ts'

/** Minting is processor work: more at once only makes each slower. */
const concurrentActivitiesMax = 64

export async function compose(config: SignerConfig, lifecycle: Lifecycle): Promise<{ log: Logger }> {
  const log = createLogger({ service: 'signer', level: config.logLevel })
  installTemporalRuntime(log)
  const bus = await connectBus({ servers: config.natsUrl, user: config.natsUser, password: config.natsPassword, log })
  lifecycle.add('message bus', () => bus.close())
  const activities = await startActivities(config, bus, log)
  await startWorker(
    {
      address: config.temporalAddress,
      namespace: config.temporalNamespace,
      worker: {
        taskQueue: signingTaskQueue,
        activities: { ...activities },
        maxConcurrentActivityTaskExecutions: concurrentActivitiesMax,
      },
    },
    { lifecycle, log },
  )
  return { log }
}

/** Everything behind the task queue, over a real bus. Brings the stored keys in order first. */
export async function startActivities(config: SignerConfig, bus: Bus, log: Logger): Promise<Signer['activities']> {
  const { activities, keeper } = wireSigner(config, {
    signingKeys: await bus.bucket(buckets.signingKeys),
    jwks: await bus.bucket(buckets.jwks),
    minted: await bus.bucket(buckets.minted),
    issuances: bus,
    newKeyPair: generateSigningKey,
    newTokenId: () => TokenId.parse(randomUUID()),
    clock: systemClock,
    log,
  })
  await keeper.start()
  return activities
}
