import { LRUCache } from 'lru-cache'

interface CachedAnswer {
  readonly etag: string
  readonly value: unknown
}
type EtagCache = LRUCache<string, CachedAnswer>

/**
 * Drops the least recently used. One for each credential: an ETag belongs to one
 * (docs/facts/github.md#conditional-requests).
 */
export const createEtagCache = (entriesMax: number): EtagCache => new LRUCache({ max: entriesMax })
