import { connect, type JetStreamClient, type KV, type NatsConnection, NatsError, StringCodec } from 'nats'
import { type ConsumeOptions, consumeMessages, type Delivery, type Handled } from './bus-consume.ts'
import {
  type AppendedMessage,
  type Revision,
  readHistory,
  readKeys,
  readMessage,
  requestTimeoutMs,
} from './bus-read.ts'
import type { Logger } from './log.ts'
import type { Secret } from './secret.ts'

/**
 * The one adapter of the NATS client, with its parts bus-read.ts, bus-consume.ts and bus-provision.ts. The package
 * `nats` 2.29 gets no more features upstream; its successor is `@nats-io/*` (docs/facts/engines.md#client-versions).
 * The swap is planned as a change of these four files alone, which is why no other file may import the client. All
 * payloads are UTF-8 text.
 */
export interface BusOptions {
  readonly servers: string
  readonly user: string
  readonly password: Secret
  readonly log: Logger
}

export type { AppendedMessage, ConsumeOptions, Delivery, Handled, Revision }

interface Entry {
  readonly value: string
  readonly revision: number
}

/**
 * A bucket of revisioned values. `create` and `update` are compare-and-set: `undefined` means that somebody else was
 * first.
 */
export interface Bucket {
  get(key: string): Promise<Entry | undefined>
  create(key: string, value: string): Promise<number | undefined>
  update(key: string, value: string, revision: number): Promise<number | undefined>
  /** Writes whatever was there before: for values that one writer alone owns. Needs no right to read. */
  set(key: string, value: string): Promise<void>
  /** Marks as deleted when `revision` is still the last; `false` when somebody else was first. The history stays. */
  remove(key: string, revision: number): Promise<boolean>
  /**
   * Every key that was written and has not expired, deleted ones included, in no order. @throws when there are too many
   */
  keys(): Promise<readonly string[]>
  /** What the bucket still knows of a key, oldest first. */
  history(key: string): Promise<readonly Revision[]>
}

export interface Bus {
  readonly isUp: () => boolean
  /** Fire and forget: dropped silently while the connection is down. */
  publish(subject: string, text: string): void
  subscribe(subject: string, handle: (subject: string, text: string) => void): void
  /** Stored before it resolves. `messageId` makes a repeat harmless. */
  store(subject: string, text: string, messageId: string): Promise<void>
  /** Appends only when `lastSequence` is still the stream's last; `undefined` when somebody else was first. */
  append(message: {
    subject: string
    text: string
    messageId: string
    lastSequence: number
  }): Promise<number | undefined>
  /** The message at `sequence`, or the last one of the stream. */
  read(stream: string, which: { sequence: number } | { lastOf: string }): Promise<AppendedMessage | undefined>
  bucket(name: string): Promise<Bucket>
  /**
   * Hands on the messages of a pull consumer that exists until the signal aborts, over reconnects and server restarts.
   * A handler that throws counts as `later`. Resolves when the last handler has ended.
   */
  consume(options: ConsumeOptions, handle: (delivery: Delivery) => Promise<Handled>): Promise<void>
  close(): Promise<void>
}

const codec = StringCodec()
/** JetStream API error "wrong last sequence": the compare in compare-and-set failed. */
const wrongLastSequence = 10_071

/** Waits for the first connection and reconnects for ever. @throws when the client gives up for good */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const connection = await connect({
    servers: options.servers,
    user: options.user,
    pass: options.password.reveal(),
    name: options.user,
    inboxPrefix: `_INBOX_${options.user}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    waitOnFirstConnect: true,
    pingInterval: 10_000,
    timeout: 5_000,
  })
  let up = true
  void followStatus(connection, options.log, state => {
    up = state
  })
  const stream = connection.jetstream({ timeout: requestTimeoutMs })
  return {
    isUp: () => up && !connection.isClosed(),
    publish: (subject, text) => {
      if (up && !connection.isClosed()) connection.publish(subject, codec.encode(text))
    },
    subscribe: (subject, handle) => {
      connection.subscribe(subject, {
        callback: (err, message) => (err ? undefined : handle(message.subject, codec.decode(message.data))),
      })
    },
    store: async (subject, text, msgID) => {
      await stream.publish(subject, codec.encode(text), { msgID })
    },
    append: message => append(stream, message),
    read: (name, which) => readMessage(connection, name, which),
    bucket: async name => openBucket(connection, name, await stream.views.kv(name, { bindOnly: true })),
    consume: (consuming, handle) => consumeMessages({ connection, log: options.log }, consuming, handle),
    close: async () => {
      await connection.drain()
    },
  }
}

async function followStatus(connection: NatsConnection, log: Logger, report: (up: boolean) => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') {
      report(false)
      log.warn({}, 'message bus lost, reconnecting')
    }
    if (status.type === 'reconnect') {
      report(true)
      log.info({}, 'message bus back')
    }
  }
}

type Append = Parameters<Bus['append']>[0]

async function append(
  stream: JetStreamClient,
  { subject, text, messageId, lastSequence }: Append,
): Promise<number | undefined> {
  return casResult(async () => {
    const options = { msgID: messageId, expect: { lastSequence } }
    return (await stream.publish(subject, codec.encode(text), options)).seq
  })
}

function openBucket(connection: NatsConnection, name: string, kv: KV): Bucket {
  return {
    keys: () => readKeys(connection, name),
    history: key => readHistory(connection, name, key),
    get: async key => {
      const entry = await kv.get(key)
      if (entry?.operation !== 'PUT') return undefined
      return { value: codec.decode(entry.value), revision: entry.revision }
    },
    create: (key, value) => casResult(() => kv.create(key, codec.encode(value))),
    update: (key, value, revision) => casResult(() => kv.update(key, codec.encode(value), revision)),
    set: async (key, value) => {
      await kv.put(key, codec.encode(value))
    },
    remove: async (key, revision) =>
      (await casResult(async () => {
        await kv.delete(key, { previousSeq: revision })
        return true
      })) ?? false,
  }
}

/** A lost race is an expected outcome, so it is a value; everything else stays an error. */
async function casResult<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.err_code === wrongLastSequence) return undefined
    throw error
  }
}
