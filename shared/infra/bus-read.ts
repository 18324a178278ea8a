import type { NatsConnection } from 'nats'

/**
 * Reading what streams hold by asking the stream API directly: a few subjects to permit, and no consumer on the server,
 * whose owner could choose where the server delivers.
 */
export interface AppendedMessage {
  readonly sequence: number
  readonly text: string
}

/** A value of a bucket as it once was. `revision` is the stream's sequence. */
export interface Revision {
  readonly value: string
  readonly revision: number
  readonly deleted: boolean
  readonly writtenAtMs: number
}

export const requestTimeoutMs = 3_000
const messageNotFound = 10_037
/** A bucket that is read key by key is meant to be small; more is an error and no list that is silently cut off. */
const keysMax = 10_000
const revisionsMax = 100

interface StoredMessage {
  readonly seq: number
  readonly time: string
  readonly data?: string
  readonly hdrs?: string
}
type MessageQuestion = { seq: number } | { last_by_subj: string } | { seq: number; next_by_subj: string }

/** The message at `sequence`, or the last one of the subject. */
export async function readMessage(
  connection: NatsConnection,
  stream: string,
  which: { sequence: number } | { lastOf: string },
): Promise<AppendedMessage | undefined> {
  const question = 'sequence' in which ? { seq: which.sequence } : { last_by_subj: which.lastOf }
  const message = await storedMessage(connection, stream, question)
  return message && { sequence: message.seq, text: textOf(message.data) }
}

/** Keys of a bucket that were ever written and are not expired. @throws when there are more than `keysMax` */
export async function readKeys(connection: NatsConnection, bucket: string): Promise<readonly string[]> {
  const prefix = `$KV.${bucket}.`
  const answer: {
    error?: { description: string }
    state?: { num_subjects?: number; subjects?: Record<string, number> }
  } = (
    await connection.request(
      `$JS.API.STREAM.INFO.KV_${bucket}`,
      new TextEncoder().encode(JSON.stringify({ subjects_filter: `${prefix}>` })),
      { timeout: requestTimeoutMs },
    )
  ).json()
  if (!answer.state) throw new Error(`bucket ${bucket}: ${answer.error?.description ?? 'no state in the answer'}`)
  if ((answer.state.num_subjects ?? 0) > keysMax) throw new Error(`bucket ${bucket} has more than ${keysMax} keys`)
  return Object.keys(answer.state.subjects ?? {}).map(subject => subject.slice(prefix.length))
}

/** Every revision that the bucket still has of a key, oldest first. */
export async function readHistory(
  connection: NatsConnection,
  bucket: string,
  key: string,
): Promise<readonly Revision[]> {
  const found: Revision[] = []
  for (let seq = 1; found.length < revisionsMax; ) {
    const question = { seq, next_by_subj: `$KV.${bucket}.${key}` }
    const message = await storedMessage(connection, `KV_${bucket}`, question)
    if (!message) return found
    found.push({
      value: textOf(message.data),
      revision: message.seq,
      deleted: /^KV-Operation: (DEL|PURGE)/m.test(textOf(message.hdrs)),
      writtenAtMs: Date.parse(message.time),
    })
    seq = message.seq + 1
  }
  return found
}

async function storedMessage(
  connection: NatsConnection,
  stream: string,
  question: MessageQuestion,
): Promise<StoredMessage | undefined> {
  const body = new TextEncoder().encode(JSON.stringify(question))
  const reply = await connection.request(`$JS.API.STREAM.MSG.GET.${stream}`, body, { timeout: requestTimeoutMs })
  const answer: { error?: { err_code: number; description: string }; message?: StoredMessage } = reply.json()
  if (answer.error?.err_code === messageNotFound) return undefined
  if (!answer.message) throw new Error(`stream ${stream}: ${answer.error?.description ?? 'no message in the answer'}`)
  return answer.message
}

const textOf = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('utf8')
