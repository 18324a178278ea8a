import { AppError } from '@forkproof/contracts/errors'
import type { Issuer } from '@forkproof/contracts/ids'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { SingleFlight } from '@forkproof/infra/single-flight'
import { type FetchDocument, fetchKeySet } from './fetch-key-set.ts'
import type { KeySet } from './key-set.ts'
import type { VerificationKeys } from './ports.ts'

/** A key that appeared since the last read is looked for this often at most, however many unknown ids are presented. */
const unknownKeyPauseMs = 30_000
/** While the issuer cannot be read but known keys can still be used, callers do not wait for it each time. */
const failurePauseMs = 10_000
/**
 * How long known keys outlive their freshness. An issuer that was silent for longer may have dropped one for a
 * reason.
 */
const staleMsMax = 3_600_000

interface Known {
  readonly keys: KeySet
  readonly freshUntilMs: number
}

/**
 * Keys of an issuer elsewhere, by its discovery document. Cached as long as they may be, read once at a time. A
 * failure is never an answer: without known keys the next question tries again.
 */
export class RemoteKeys implements VerificationKeys {
  readonly #issuer: Issuer
  readonly #fetchDocument: FetchDocument
  readonly #clock: Clock
  readonly #log: Logger
  #known: Known | undefined
  readonly #readings = new SingleFlight<'keys', void>()
  #failedAtMs = Number.NEGATIVE_INFINITY
  #soughtAtMs = Number.NEGATIVE_INFINITY
  #lastReadFailed = false

  constructor(options: { issuer: Issuer; fetchDocument: FetchDocument; clock: Clock; log: Logger }) {
    this.#issuer = options.issuer
    this.#fetchDocument = options.fetchDocument
    this.#clock = options.clock
    this.#log = options.log
  }

  async keyFor(keyId: string) {
    await this.#freshen()
    const found = this.#usable().get(keyId) ?? (await this.#seek(keyId))
    if (found) return found
    // Whether the key exists is not known while the document cannot be read.
    if (this.#lastReadFailed) throw new AppError('issuer_unavailable')
    throw new AppError('id_token_invalid', { detail: 'its issuer has no such key' })
  }

  async #freshen(): Promise<void> {
    const nowMs = this.#clock.now()
    if (this.#known && nowMs < this.#known.freshUntilMs) return
    if (this.#known && this.#isUsable(this.#known) && nowMs - this.#failedAtMs < failurePauseMs) return
    await this.#read()
  }

  /** An unknown id may be a key that is new. */
  async #seek(keyId: string) {
    const nowMs = this.#clock.now()
    if (nowMs - this.#soughtAtMs >= unknownKeyPauseMs) {
      this.#soughtAtMs = nowMs
      await this.#read()
    } else await this.#readings.underWay('keys')
    return this.#usable().get(keyId)
  }

  #usable(): KeySet {
    if (!this.#known || !this.#isUsable(this.#known)) throw new AppError('issuer_unavailable')
    return this.#known.keys
  }

  #isUsable = (known: Known): boolean => this.#clock.now() < known.freshUntilMs + staleMsMax

  #read(): Promise<void> {
    return this.#readings.run('keys', () => this.#fetch())
  }

  async #fetch(): Promise<void> {
    try {
      const { keys, freshMs } = await fetchKeySet(this.#issuer, this.#fetchDocument)
      this.#known = { keys, freshUntilMs: this.#clock.now() + freshMs }
      this.#lastReadFailed = false
    } catch (err) {
      this.#failedAtMs = this.#clock.now()
      this.#lastReadFailed = true
      this.#log.warn({ err, url: this.#issuer }, 'the keys of an issuer cannot be read')
    }
  }
}
