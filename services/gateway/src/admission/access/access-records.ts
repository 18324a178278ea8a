import { AccessRecord, type Admitted } from '@forkproof/contracts/access'
import type { AccessToken } from '@forkproof/contracts/ids'
import type { Bucket } from '@forkproof/infra/bus'
import type { Clock } from '@forkproof/infra/clock'
import type { Secret } from '@forkproof/infra/secret'
import { sha256Hex } from '../digest.ts'
import type { IssuedAccess } from '../ports.ts'
import { asAccessToken, newAccessToken } from './access-token.ts'

/** More attempts would only help against a record that is rewritten all the time, and no part does that. */
const removalsMax = 3

/** Access tokens by their SHA-256: a reader of the bucket learns nothing that can be presented. */
export class AccessRecords {
  readonly #bucket: Bucket
  readonly #clock: Clock
  readonly #lifetimeMs: number

  constructor(options: { bucket: Bucket; clock: Clock; lifetimeMs: number }) {
    this.#bucket = options.bucket
    this.#clock = options.clock
    this.#lifetimeMs = options.lifetimeMs
  }

  async issue(admitted: Admitted): Promise<IssuedAccess> {
    const accessToken = newAccessToken()
    const issuedAtMs = this.#clock.now()
    const record: AccessRecord = { ...admitted, issuedAtMs, expiresAtMs: issuedAtMs + this.#lifetimeMs }
    const revision = await this.#bucket.create(keyOf(accessToken), JSON.stringify(record))
    if (revision === undefined) throw new Error('two access tokens were drawn alike')
    return { accessToken, record }
  }

  /** `undefined` for unknown, expired, revoked and malformed tokens alike. */
  async find(presented: Secret<string>): Promise<AccessRecord | undefined> {
    const token = asAccessToken(presented)
    const entry = token && (await this.#bucket.get(keyOf(token)))
    if (!entry) return undefined
    const record = recordOf(entry.value)
    return record && record.expiresAtMs > this.#clock.now() ? record : undefined
  }

  /** Afterwards the token is worth nothing; whether it ever was is not told. */
  async revoke(presented: Secret<string>): Promise<AccessRecord | undefined> {
    const token = asAccessToken(presented)
    if (!token) return undefined
    const key = keyOf(token)
    for (let attempt = 0; attempt < removalsMax; attempt++) {
      const entry = await this.#bucket.get(key)
      if (!entry) return undefined
      if (await this.#bucket.remove(key, entry.revision)) return recordOf(entry.value)
    }
    throw new Error('the access token could not be removed')
  }
}

/** A value that is not a readable record opens nothing. */
function recordOf(text: string): AccessRecord | undefined {
  try {
    return AccessRecord.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

const keyOf = (token: Secret<AccessToken>): string => sha256Hex(token.reveal())
