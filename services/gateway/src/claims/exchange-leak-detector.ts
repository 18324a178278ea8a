import type { ClaimId } from '@forkproof/contracts/ids'
import type { Logger } from '@forkproof/infra/log'
import { addressKey } from '../throttling/address-key.ts'
import { BoundedMap } from '../throttling/bounded-map.ts'

const claimsMax = 10_000

/**
 * Notices that a token was fetched again from elsewhere: no harm to the claim, but a sign that an `exchangeURL`
 * leaked.
 */
export class ExchangeLeakDetector {
  readonly #addresses = new BoundedMap<ClaimId, string>(claimsMax)
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  /** @returns whether it is the first time that this process answered the claim's token */
  record(claimId: ClaimId, address: string): boolean {
    const key = addressKey(address)
    const first = this.#addresses.get(claimId)
    if (first === undefined) this.#addresses.set(claimId, key)
    if (first !== undefined && first !== key)
      this.#log.warn({ claimId, address: key }, 'exchange repeated from another address')
    return first === undefined
  }
}
