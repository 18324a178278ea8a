import type { Issuer } from '@forkproof/contracts/ids'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import { sha256Hex } from './digest.ts'

/** An ID token as far as its single use goes. */
interface TokenIdentity {
  readonly issuer: Issuer
  readonly tokenId: string
}

/**
 * Which ID tokens were used up. The bucket forgets after hours, long after the oldest token that is still accepted
 * (an hour), so nothing that was forgotten can be used again.
 */
export class UsedTokens {
  readonly #bucket: Bucket
  readonly #clock: Clock

  constructor(bucket: Bucket, clock: Clock) {
    this.#bucket = bucket
    this.#clock = clock
  }

  /** Of any number of callers, on any number of gateways, exactly one is told `true`. */
  async useUp(token: TokenIdentity): Promise<boolean> {
    const value = JSON.stringify({ usedAtMs: this.#clock.now() })
    return (await this.#bucket.create(keyOf(token), value)) !== undefined
  }

  async isUsed(token: TokenIdentity): Promise<boolean> {
    return (await this.#bucket.get(keyOf(token))) !== undefined
  }
}

/** Two issuers may choose the same `jti`; as JSON, no two pairs read alike. */
const keyOf = ({ issuer, tokenId }: TokenIdentity): string => sha256Hex(JSON.stringify([issuer, tokenId]))
