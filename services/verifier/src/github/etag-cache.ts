interface EtagEntry {
  readonly etag: string
  readonly value: unknown
}

/**
 * Drops the least recently used. One for each credential: an ETag belongs to one
 * (docs/facts/github.md#conditional-requests).
 */
export class EtagCache {
  readonly #entries = new Map<string, EtagEntry>()
  readonly #entriesMax: number

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }

  get(key: string): EtagEntry | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  set(key: string, entry: EtagEntry): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const oldest = this.#entries.keys().next().value
    if (this.#entries.size > this.#entriesMax && oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
