import type { AppendedMessage, Bucket, Bus } from '@forkproof/infra/bus'

/** A bucket as NATS gives it: revisions count up over all keys, create and update compare. */
export class MemoryBucket implements Bucket {
  readonly #entries = new Map<string, { value: string; revision: number }>()
  #revision = 0
  /** Runs before each write: lets a test fail it, or be faster. */
  beforeWrite: (key: string) => void | Promise<void> = () => undefined
  reads = 0
  writes: string[] = []

  async get(key: string) {
    this.reads += 1
    const entry = this.#entries.get(key)
    return entry && { ...entry }
  }

  async create(key: string, value: string): Promise<number | undefined> {
    await this.beforeWrite(key)
    return this.#entries.has(key) ? undefined : this.put(key, value)
  }

  async update(key: string, value: string, revision: number): Promise<number | undefined> {
    await this.beforeWrite(key)
    return this.#entries.get(key)?.revision === revision ? this.put(key, value) : undefined
  }

  /** What a hostile or clumsy administrator can do. */
  put(key: string, value: string): number {
    this.#revision += 1
    this.#entries.set(key, { value, revision: this.#revision })
    this.writes.push(value)
    return this.#revision
  }
}

/** One append-only stream: doubles are dropped by message id before the compare, as JetStream does. */
export class MemoryStream implements Pick<Bus, 'append' | 'read'> {
  readonly texts: string[] = []
  readonly #sequenceOf = new Map<string, number>()
  /** Runs after each stored append: lets a test lose the answer. */
  afterAppend: () => void = () => undefined
  beforeAppend: () => void | Promise<void> = () => undefined

  async append(message: { text: string; messageId: string; lastSequence: number }): Promise<number | undefined> {
    await this.beforeAppend()
    const known = this.#sequenceOf.get(message.messageId)
    if (known !== undefined) return known
    if (message.lastSequence !== this.texts.length) return undefined
    this.texts.push(message.text)
    this.#sequenceOf.set(message.messageId, this.texts.length)
    this.afterAppend()
    return this.texts.length
  }

  async read(_: string, which: { sequence: number } | { lastOf: string }): Promise<AppendedMessage | undefined> {
    const sequence = 'sequence' in which ? which.sequence : this.texts.length
    const text = this.texts[sequence - 1]
    return text === undefined ? undefined : { sequence, text }
  }
}
