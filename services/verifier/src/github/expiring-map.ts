import type { Clock } from '@forkproof/infra/clock'

/**
 * Remembers for a fixed time. When it is full, the oldest entry goes.
 * No `lru-cache`: there a reading would keep an entry in place of an older one that nobody asked for.
 */
export class ExpiringMap<V> {
  readonly #clock: Clock
  readonly #lifetimeMs: number
  readonly #entriesMax: number
  readonly #entries = new Map<string, { value: V; untilMs: number }>()

  constructor(clock: Clock, lifetimeMs: number, entriesMax: number) {
    this.#clock = clock
    this.#lifetimeMs = lifetimeMs
    this.#entriesMax = entriesMax
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (!entry || entry.untilMs <= this.#clock.now()) return undefined
    return entry.value
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, untilMs: this.#clock.now() + this.#lifetimeMs })
    const oldest = this.#entries.keys().next().value
    if (this.#entries.size > this.#entriesMax && oldest !== undefined) this.#entries.delete(oldest)
  }
}
