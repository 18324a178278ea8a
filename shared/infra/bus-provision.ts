import {
  AckPolicy,
  connect,
  DeliverPolicy,
  DiscardPolicy,
  type NatsConnection,
  nanos,
  RetentionPolicy,
  StorageType,
} from 'nats'
import type { Secret } from './secret.ts'

interface StreamDefinition {
  readonly name: string
  readonly subjects: readonly string[]
  /** 0 keeps for ever. */
  readonly maxAgeMs: number
  readonly duplicateWindowMs: number
  /** `workqueue`: a message is gone once one consumer has dealt with it. */
  readonly retention: 'limits' | 'workqueue'
  /** Refuses delete and purge for the life of the stream. */
  readonly appendOnly: boolean
}
/** A pull consumer. Made here, because whoever makes one decides where the server delivers. */
interface ConsumerDefinition {
  readonly stream: string
  readonly name: string
  readonly filter: string
  readonly ackWaitMs: number
  readonly deliveriesMax: number
}
interface BucketDefinition {
  readonly name: string
  readonly history: number
  readonly ttlMs: number
}

/** Creates what is missing and leaves what exists. Needs an administrator's credential. */
export async function provisionBus(options: {
  servers: string
  user: string
  password: Secret
  resources: {
    readonly streams: readonly StreamDefinition[]
    readonly consumers: readonly ConsumerDefinition[]
    readonly buckets: readonly BucketDefinition[]
  }
}): Promise<void> {
  const connection = await connect({
    servers: options.servers,
    user: options.user,
    pass: options.password.reveal(),
    timeout: 5_000,
  })
  try {
    for (const stream of options.resources.streams) await ensureStream(connection, stream)
    for (const consumer of options.resources.consumers) await ensureConsumer(connection, consumer)
    for (const bucket of options.resources.buckets) await ensureBucket(connection, bucket)
  } finally {
    await connection.close()
  }
}

async function ensureStream(connection: NatsConnection, definition: StreamDefinition): Promise<void> {
  const manager = await connection.jetstreamManager()
  await manager.streams.add({
    name: definition.name,
    subjects: [...definition.subjects],
    storage: StorageType.File,
    retention: definition.retention === 'workqueue' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    discard: definition.appendOnly ? DiscardPolicy.New : DiscardPolicy.Old,
    max_age: nanos(definition.maxAgeMs),
    duplicate_window: nanos(definition.duplicateWindowMs),
    deny_delete: definition.appendOnly,
    deny_purge: definition.appendOnly,
  })
}

async function ensureConsumer(connection: NatsConnection, definition: ConsumerDefinition): Promise<void> {
  const manager = await connection.jetstreamManager()
  await manager.consumers.add(definition.stream, {
    durable_name: definition.name,
    filter_subject: definition.filter,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(definition.ackWaitMs),
    max_deliver: definition.deliveriesMax,
  })
}

async function ensureBucket(connection: NatsConnection, definition: BucketDefinition): Promise<void> {
  const options = { history: definition.history, ttl: definition.ttlMs, storage: StorageType.File }
  await connection.jetstream().views.kv(definition.name, options)
}
