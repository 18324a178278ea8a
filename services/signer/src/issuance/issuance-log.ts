import { streams, subjects } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'
import { chain, entryText, firstPrev, type Issuance, type IssuanceEntry, readEntry } from './issuance-entry.ts'

export interface IssuanceLog {
  /**
   * Resolves when the entry is stored. A repeat of a token id changes nothing. Callers are served one after the other.
   */
  append(issuance: Issuance): Promise<void>
}

interface Head {
  readonly seq: number
  readonly hash: string
}

/** Replicas compete for the head of the chain; with a handful of them everyone soon wins. */
const attemptsMax = 50
const waitingMax = 1_000

/** Append-only and hash-chained: each entry names the hash of the one before, and the stream accepts it only there. */
export function createIssuanceLog(bus: Pick<Bus, 'append' | 'read'>): IssuanceLog {
  let head: Head | undefined
  let last: Promise<void> = Promise.resolve()
  let waiting = 0

  async function appendNow(issuance: Issuance): Promise<void> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      head ??= await readHead(bus)
      const entry = chain(issuance, head.seq + 1, head.hash)
      // When this fails, the entry may be stored all the same. The next append then finds its place taken and reads the
      // end again.
      const sequence = await tryAppend(bus, entry)
      if (sequence === undefined) {
        head = undefined
        continue
      }
      // Another sequence than asked for: an earlier try has stored this token id.
      if (sequence === entry.seq) head = { seq: entry.seq, hash: entry.hash }
      else if (sequence > entry.seq) head = undefined
      return
    }
    throw new Error(`the issuance log was busy in each of ${attemptsMax} attempts`)
  }

  return {
    append: issuance => {
      if (waiting >= waitingMax) return Promise.reject(new Error('too many tokens wait for the issuance log'))
      waiting += 1
      const turn = last
        .then(() => appendNow(issuance))
        .finally(() => {
          waiting -= 1
        })
      last = turn.catch(() => undefined)
      return turn
    },
  }
}

/** @returns the sequence of the stored message, `undefined` when the place was taken */
const tryAppend = (bus: Pick<Bus, 'append'>, entry: IssuanceEntry): Promise<number | undefined> =>
  bus.append({
    subject: subjects.issuance,
    text: entryText(entry),
    messageId: entry.tokenId,
    lastSequence: entry.seq - 1,
  })

/** @throws Error when the last entry is damaged: nothing may be issued on top of it */
async function readHead(bus: Pick<Bus, 'read'>): Promise<Head> {
  const message = await bus.read(streams.issuance, { lastOf: subjects.issuance })
  if (!message) return { seq: 0, hash: firstPrev }
  const { seq, hash } = readEntry(message.text)
  if (seq !== message.sequence) throw new Error('the last entry of the issuance log is out of place')
  return { seq, hash }
}
