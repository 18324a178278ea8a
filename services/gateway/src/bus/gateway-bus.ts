import { jwksDocumentKey } from '@forkproof/contracts/jwks'
import { RunHint } from '@forkproof/contracts/run-hint'
import { strict } from '@forkproof/contracts/strict'
import { buckets, subjects } from '@forkproof/contracts/subjects'
import { type Bucket, type Bus, type BusOptions, connectBus } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Heartbeats } from '../builds/ports.ts'
import type { Nudges } from '../claims/ports.ts'
import type { KeyDocumentSource } from '../discovery/published-keys.ts'
import type { RunHints } from '../webhooks/ports.ts'
import { lazyBucket } from './lazy-bucket.ts'

const readTimeoutMs = 1_500
/** A project's history is read revision by revision. */
const bucketTimeoutMs = 5_000
const connectPauseMs = 1_000
const writtenHint = strict(RunHint)

/**
 * The bus as the gateway needs it. The gateway starts and answers without one; until it is there, nudges are
 * dropped and the keys cannot be read.
 */
export class GatewayBus implements Nudges, Heartbeats, RunHints, KeyDocumentSource {
  readonly #options: BusOptions
  readonly #clock: Clock
  #bus: Bus | undefined
  readonly #keys: Bucket

  constructor(options: BusOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#keys = this.#lazy(buckets.jwks, readTimeoutMs)
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

  alive: Heartbeats['alive'] = buildId => this.#bus?.publish(subjects.alive(buildId), '')

  publish: Nudges['publish'] = (claimId, kind) => this.#bus?.publish(subjects.nudge(claimId, kind), '')

  tell: RunHints['tell'] = hint => {
    if (!this.#bus?.isUp()) return false
    this.#bus.publish(subjects.runHint(hint), JSON.stringify(writtenHint.parse(hint)))
    return true
  }

  async read(): Promise<string | undefined> {
    return (await this.#keys.get(jwksDocumentKey))?.value
  }

  /** Opened when it is first used. While the bus is away each use throws AppError `temporarily_unavailable`. */
  bucket(name: string): Bucket {
    return this.#lazy(name, bucketTimeoutMs)
  }

  async close(): Promise<void> {
    await this.#bus?.close()
  }

  #lazy(name: string, timeoutMs: number): Bucket {
    const open = async (): Promise<Bucket> => {
      if (!this.#bus) throw new Error('the message bus is not connected')
      return this.#bus.bucket(name)
    }
    return lazyBucket({ isUp: () => this.isUp(), open, timeoutMs })
  }
}
