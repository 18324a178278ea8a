import { AppError } from '@forkproof/contracts/errors'
import { JsonWebKeySet } from '@forkproof/contracts/jwks'
import type { Clock } from '@forkproof/infra/clock'
import type { Logger } from '@forkproof/infra/log'
import { SingleFlight } from '@forkproof/infra/single-flight'
import { type TaggedDocument, tagged } from './entity-tag.ts'

/**
 * Where the signer publishes its keys. Bounded in time; rejects when it cannot be read, `undefined` when nothing
 * is published yet.
 */
export interface KeyDocumentSource {
  read(): Promise<string | undefined>
}

/**
 * An emergency rotation must be seen soon; relying parties that refetch come within seconds
 * (docs/facts/oidc.md#key-sets).
 */
const freshMs = 5_000
/** While there is nothing to serve. */
const retryMs = 250

/**
 * The JWKS as it is served: read at most every few seconds and once at a time, checked to hold public keys only,
 * and kept when the bus is down, because tokens in flight must stay verifiable.
 */
export class PublishedKeys {
  readonly #source: KeyDocumentSource
  readonly #clock: Clock
  readonly #log: Logger
  #last: TaggedDocument | undefined
  #checkedAtMs = Number.NEGATIVE_INFINITY
  readonly #readings = new SingleFlight<'keys', void>()

  constructor(options: { source: KeyDocumentSource; clock: Clock; log: Logger }) {
    this.#source = options.source
    this.#clock = options.clock
    this.#log = options.log
  }

  /** @throws AppError temporarily_unavailable when no keys were ever seen */
  async current(): Promise<TaggedDocument> {
    if (this.#clock.now() - this.#checkedAtMs >= (this.#last ? freshMs : retryMs)) {
      await this.#readings.run('keys', () => this.#refresh())
    }
    if (!this.#last) throw new AppError('temporarily_unavailable', { retryAfterSeconds: 2 })
    return this.#last
  }

  async #refresh(): Promise<void> {
    try {
      const text = await this.#source.read()
      if (text !== undefined) this.#last = tagged(JSON.stringify(JsonWebKeySet.parse(JSON.parse(text))))
    } catch (err) {
      this.#log.warn({ err }, 'the published keys cannot be read; serving the last known')
    }
    this.#checkedAtMs = this.#clock.now()
  }
}
