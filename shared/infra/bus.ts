import { connect, type JetStreamClient, type KV, type NatsConnection, NatsError, StringCodec } from 'nats'
import type { Logger } from './log.ts'
import type { Secret } from './secret.ts'

/**
 * The only file (with bus-provision.ts) that knows the NATS client, so that the maintained client line is a swap in one place.
 * All payloads are UTF-8 text.
 */
export interface BusOptions {
  readonly servers: string
  readonly user: string
  readonly password: Secret
  readonly log: Logger
}

export interface Entry {
  readonly value: string
  readonly revision: number
}

/** A bucket of revisioned values. `create` and `update` are compare-and-set: `undefined` means that somebody else was first. */
export interface Bucket {
  get(key: string): Promise<Entry | undefined>
  create(key: string, value: string): Promise<number | undefined>
  update(key: string, value: string, revision: number): Promise<number | undefined>
}

export interface AppendedMessage {
  readonly sequence: number
  readonly text: string
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
  close(): Promise<void>
}

const codec = StringCodec()
const requestTimeoutMs = 3_000
/** JetStream API error "wrong last sequence": the compare in compare-and-set failed. */
const wrongLastSequence = 10_071
const messageNotFound = 10_037

/** Keeps reconnecting for ever once connected; waits for the first connection too. @throws when the client gives up for good */
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
    read: (name, which) => read(connection, name, which),
    bucket: async name => openBucket(await stream.views.kv(name, { bindOnly: true })),
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

/** Asks the stream API directly: two subjects to permit, and no consumer state on the server. */
async function read(
  connection: NatsConnection,
  stream: string,
  which: { sequence: number } | { lastOf: string },
): Promise<AppendedMessage | undefined> {
  const body = 'sequence' in which ? { seq: which.sequence } : { last_by_subj: which.lastOf }
  const reply = await connection.request(`$JS.API.STREAM.MSG.GET.${stream}`, codec.encode(JSON.stringify(body)), {
    timeout: requestTimeoutMs,
  })
  const answer: { error?: { err_code: number; description: string }; message?: { seq: number; data?: string } } =
    reply.json()
  if (answer.error?.err_code === messageNotFound) return undefined
  if (!answer.message) throw new Error(`stream ${stream}: ${answer.error?.description ?? 'no message in the answer'}`)
  return { sequence: answer.message.seq, text: Buffer.from(answer.message.data ?? '', 'base64').toString('utf8') }
}

function openBucket(kv: KV): Bucket {
  return {
    get: async key => {
      const entry = await kv.get(key)
      if (entry?.operation !== 'PUT') return undefined
      return { value: codec.decode(entry.value), revision: entry.revision }
    },
    create: (key, value) => casResult(() => kv.create(key, codec.encode(value))),
    update: (key, value, revision) => casResult(() => kv.update(key, codec.encode(value), revision)),
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
