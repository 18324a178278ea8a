/** Calls for the same key while one is under way share its outcome, a failure too. Nothing is kept after that. */
export class SingleFlight<Key, Value> {
  readonly #open = new Map<Key, Promise<Value>>()

  run(key: Key, work: () => Promise<Value>): Promise<Value> {
    const open = this.#open.get(key)
    if (open !== undefined) return open
    const begun = work().finally(() => this.#open.delete(key))
    this.#open.set(key, begun)
    return begun
  }

  /** The call that is under way, if there is one. */
  underWay(key: Key): Promise<Value> | undefined {
    return this.#open.get(key)
  }
}
