import type { AppendedMessage, Bus } from '@forkproof/infra/bus'

/** One append-only stream. A repeated message id is dropped before the sequence is compared, as JetStream does. */
export class FakeStream implements Pick<Bus, 'append' | 'read'> {
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
