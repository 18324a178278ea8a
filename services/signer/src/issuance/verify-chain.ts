import { firstPrev, type IssuanceEntry, readEntry } from './issuance-entry.ts'

/** A message of the stream, or the gap where one should be. */
export interface StoredEntry {
  readonly sequence: number
  readonly text: string | undefined
}

export interface Expectations {
  /** The hash that the last entry must have. */
  readonly head?: string | undefined
  /** An entry noted earlier: the log must still contain it. */
  readonly contains?: { readonly seq: number; readonly hash: string } | undefined
}

export type ChainVerdict =
  | { readonly verdict: 'intact'; readonly count: number; readonly head: string }
  | { readonly verdict: 'broken'; readonly sequence: number; readonly problem: string }

/**
 * Walks the whole log from its first entry. The chain proves that nothing inside was changed, removed or moved.
 * Only a hash noted elsewhere proves that the end was not cut off: that is `expected`.
 */
export async function verifyChain(
  entries: AsyncIterable<StoredEntry>,
  expected: Expectations = {},
): Promise<ChainVerdict> {
  const seen = { tokens: new Set<string>(), claims: new Set<string>() }
  let count = 0
  let head = firstPrev
  for await (const { sequence, text } of entries) {
    try {
      const entry = checkedEntry(sequence, text, count + 1, head, seen)
      if (expected.contains?.seq === entry.seq && expected.contains.hash !== entry.hash) {
        throw new Error('not the entry that was noted earlier')
      }
      count = entry.seq
      head = entry.hash
    } catch (error) {
      return broken(sequence, error instanceof Error ? error.message : 'unreadable')
    }
  }
  if (expected.contains && expected.contains.seq > count) return broken(count + 1, 'the log ends before a noted entry')
  if (expected.head !== undefined && expected.head !== head) return broken(count, 'the log ends with another hash')
  return { verdict: 'intact', count, head }
}

function checkedEntry(
  sequence: number,
  text: string | undefined,
  place: number,
  prev: string,
  seen: { readonly tokens: Set<string>; readonly claims: Set<string> },
): IssuanceEntry {
  if (sequence !== place || text === undefined) throw new Error('an entry is missing')
  const entry = readEntry(text)
  if (entry.seq !== sequence) throw new Error(`the entry says that it is number ${entry.seq}`)
  if (entry.prev !== prev) throw new Error('the entry does not follow the one before it')
  if (seen.tokens.has(entry.tokenId)) throw new Error('the token id was issued before')
  if (seen.claims.has(entry.claimId)) throw new Error('the claim was served before with another token')
  seen.tokens.add(entry.tokenId)
  seen.claims.add(entry.claimId)
  return entry
}

const broken = (sequence: number, problem: string): ChainVerdict => ({ verdict: 'broken', sequence, problem })
