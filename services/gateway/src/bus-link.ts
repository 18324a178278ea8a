import { buckets, subjects } from '@forkproof/contracts/events'
import { jwksDocumentKey } from '@forkproof/contracts/jwks'
import { type Bucket, type Bus, type BusOptions, connectBus } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Nudges } from './claims/ports.ts'
import type { KeyDocumentSource } from './discovery/published-keys.ts'

const readTimeoutMs = 1_500
const connectPauseMs = 1_000

/**
 * The bus as the gateway needs it. The gateway starts and answers without one; until it is there, nudges are dropped and the keys cannot
 * be read.
 */
export class BusLink implements Nudges, KeyDocumentSource {
  readonly #options: BusOptions
  readonly #clock: Clock
  #bus: Bus | undefined
  #keys: Bucket | undefined

  constructor(options: BusOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** Resolves once connected or when the signal aborts; a refused login is tried again, for its cause may be mended. */
  async connect(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#bus = await connectBus(this.#options)
        return
      } catch (err) {
        this.#options.log.error({ err }, 'the message bus refused the connection, trying again')
        await this.#clock.sleep(connectPauseMs, signal).catch(() => undefined)
      }
    }
  }

  isUp(): boolean {
    return this.#bus?.isUp() ?? false
  }

  publish: Nudges['publish'] = (claimId, kind) => this.#bus?.publish(subjects.nudge(claimId, kind), '')

  async read(): Promise<string | undefined> {
    const bus = this.#bus
    if (!bus?.isUp()) throw new Error('the message bus is not connected')
    return within(readTimeoutMs, async () => {
      this.#keys ??= await bus.bucket(buckets.jwks)
      return (await this.#keys.get(jwksDocumentKey))?.value
    })
  }

  async close(): Promise<void> {
    await this.#bus?.close()
  }
}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  try {
    return await Promise.race([work(), promise])
  } finally {
    clearTimeout(timer)
  }
}
