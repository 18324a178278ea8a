import { streams } from '@forkproof/contracts/subjects'
import type { Bus, ConsumeOptions, Delivery, Handled } from '@forkproof/infra/bus'
import { FakeBucket } from '@forkproof/infra/testing/fake-bucket'

interface FakeStoredMessage {
  readonly subject: string
  readonly text: string
  readonly id: string
}
type FakeConsumer = (delivery: Delivery) => Promise<Handled>

/**
 * What a node uses of a bus. It outlives the nodes that connect to it, and stores each message id once, as a stream
 * does.
 */
export class FakeBus implements Pick<Bus, 'isUp' | 'store' | 'subscribe' | 'bucket' | 'consume'> {
  readonly stored: FakeStoredMessage[] = []
  /** Every attempt that reached the stream, doubles too. */
  readonly attempts: FakeStoredMessage[] = []
  up = true
  readonly buckets = new Map<string, FakeBucket>()
  readonly outcomes: Handled[] = []
  readonly #consumers = new Map<string, FakeConsumer>()
  readonly #waiting: { consumer: string; text: string }[] = []
  readonly #taken = new Set<{ consumer: string; text: string }>()
  readonly #hearers = new Set<{ prefix: string; handle: (subject: string, text: string) => void }>()

  isUp = () => this.up

  async store(subject: string, text: string, id: string): Promise<void> {
    if (!this.up) throw new Error('the bus is down')
    this.attempts.push({ subject, text, id })
    if (!this.stored.some(message => message.id === id)) this.stored.push({ subject, text, id })
  }

  subscribe(subject: string, handle: (subject: string, text: string) => void): void {
    this.#hearers.add({ prefix: subject.replace('*', ''), handle })
  }

  async bucket(name: string): Promise<FakeBucket> {
    if (!this.up) throw new Error('the bus is down')
    const bucket = this.buckets.get(name) ?? new FakeBucket()
    this.buckets.set(name, bucket)
    return bucket
  }

  consume({ stream, consumer, signal }: ConsumeOptions, handle: FakeConsumer): Promise<void> {
    if (stream !== streams.builderCommands) throw new Error(`no such stream: ${stream}`)
    this.#consumers.set(consumer, handle)
    queueMicrotask(() => this.#flush())
    return new Promise(resolve => {
      signal.addEventListener('abort', () => {
        if (this.#consumers.get(consumer) === handle) this.#consumers.delete(consumer)
        resolve()
      })
    })
  }

  /** The node is gone; what it had taken and not answered comes again. */
  disconnect(): void {
    this.#consumers.clear()
    this.#hearers.clear()
    this.#waiting.push(...this.#taken)
    this.#taken.clear()
  }

  get consuming(): readonly string[] {
    return [...this.#consumers.keys()].sort()
  }

  /** Hands a message to the consumer's node, now or when there is one. */
  send(consumer: string, text: string): void {
    this.#waiting.push({ consumer, text })
    this.#flush()
  }

  #flush(): void {
    for (const message of this.#waiting.splice(0)) {
      const handle = this.#consumers.get(message.consumer)
      if (handle) void this.#deliver(handle, message)
      else this.#waiting.push(message)
    }
  }

  async #deliver(handle: FakeConsumer, message: { consumer: string; text: string }): Promise<void> {
    this.#taken.add(message)
    const outcome = await handle({ subject: message.consumer, text: message.text, attempt: 1 }).catch(
      () => 'later' as const,
    )
    if (!this.#taken.delete(message)) return
    this.outcomes.push(outcome)
    if (outcome === 'later') this.#waiting.push(message)
  }

  /** What came back to be handled later is offered again. */
  redeliver(): void {
    this.#flush()
  }

  /** As core NATS does: who does not listen does not hear. */
  publish(subject: string): void {
    if (!this.up) return
    for (const { prefix, handle } of this.#hearers) if (subject.startsWith(prefix)) handle(subject, '')
  }
}
