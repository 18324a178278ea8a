import { streams, subjects } from '@forkproof/contracts/subjects'
import type { Bus } from '@forkproof/infra/bus'
import type { StoredEntry } from './verify-chain.ts'

/** Requests at the same time. The log is read entry by entry, so that the server needs no consumer for it. */
const readAheadMax = 64

export async function lastSequence(bus: Pick<Bus, 'read'>): Promise<number> {
  return (await bus.read(streams.issuance, { lastOf: subjects.issuance }))?.sequence ?? 0
}

/** Entries `from` to `to` in order. Entries appended meanwhile are left out. */
export async function* readLog(bus: Pick<Bus, 'read'>, from: number, to: number): AsyncGenerator<StoredEntry> {
  for (let start = from; start <= to; start += readAheadMax) {
    const sequences = Array.from({ length: Math.min(readAheadMax, to - start + 1) }, (_, index) => start + index)
    yield* await Promise.all(
      sequences.map(async sequence => {
        const message = await bus.read(streams.issuance, { sequence })
        return { sequence, text: message?.text }
      }),
    )
  }
}
