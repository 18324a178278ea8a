import { setTimeout as sleep } from 'node:timers/promises'
import type { JsMsg, NatsConnection } from 'nats'
import type { Logger } from './log.ts'

/**
 * What becomes of a message: `done` is gone for good, `later` comes again, `never` cannot be handled and is dropped.
 */
export type Handled = 'done' | 'later' | 'never'

export interface Delivery {
  readonly subject: string
  readonly text: string
  /** 1 for the first time. */
  readonly attempt: number
}

export interface ConsumeOptions {
  readonly stream: string
  readonly consumer: string
  /** Messages handled at once. */
  readonly concurrency: number
  readonly signal: AbortSignal
}

const laterMs = 1_000
const reopenPauseMs = 1_000
/** One request for messages lasts this long at the server; then the next one is sent. */
const pullMs = 30_000

/**
 * Hands on the messages of a pull consumer that exists until the signal aborts, over reconnects and server restarts. A
 * handler that throws counts as `later`. Resolves when the last handler has ended.
 */
export async function consumeMessages(
  { connection, log }: { connection: NatsConnection; log: Logger },
  options: ConsumeOptions,
  handle: (delivery: Delivery) => Promise<Handled>,
): Promise<void> {
  const { stream, consumer: name, signal } = options
  const running = new Set<Promise<void>>()
  while (!signal.aborted && !connection.isClosed()) {
    try {
      const consumer = await connection.jetstream().consumers.get(stream, name)
      const messages = await consumer.consume({ max_messages: options.concurrency, expires: pullMs })
      const stop = () => void messages.close().catch(() => undefined)
      signal.addEventListener('abort', stop, { once: true })
      try {
        for await (const message of messages) {
          const work = handleOne(message, handle, log).finally(() => running.delete(work))
          running.add(work)
          if (running.size >= options.concurrency) await Promise.race(running)
        }
      } finally {
        signal.removeEventListener('abort', stop)
      }
    } catch (err) {
      if (!signal.aborted) log.warn({ err, stream, name }, 'cannot read a consumer, trying again')
    }
    await sleep(reopenPauseMs, undefined, { signal }).catch(() => undefined)
  }
  await Promise.all(running)
}

async function handleOne(message: JsMsg, handle: (delivery: Delivery) => Promise<Handled>, log: Logger): Promise<void> {
  let outcome: Handled = 'later'
  try {
    const text = new TextDecoder().decode(message.data)
    outcome = await handle({ subject: message.subject, text, attempt: message.info.deliveryCount })
  } catch (err) {
    log.warn({ err, subject: message.subject }, 'a message could not be handled, it comes again')
  }
  if (outcome === 'done') message.ack()
  else if (outcome === 'never') message.term()
  else message.nak(laterMs)
}
