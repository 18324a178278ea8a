import { AppError } from '@forkproof/contracts/errors'
import type { PublishedKeys } from '../../discovery/published-keys.ts'
import { type KeySet, readKeySet } from './key-set.ts'
import type { VerificationKeys } from './ports.ts'

/** Our own keys, from the document that we serve: read from the bus, not fetched from ourselves. */
export class OwnKeys implements VerificationKeys {
  readonly #published: PublishedKeys
  #last: { readonly etag: string; readonly keys: Promise<KeySet> } | undefined

  constructor(published: PublishedKeys) {
    this.#published = published
  }

  async keyFor(keyId: string) {
    const { body, etag } = await this.#published.current()
    if (this.#last?.etag !== etag) this.#last = { etag, keys: readKeySet(body) }
    const keys = await this.#last.keys.catch((cause: unknown) => {
      throw new AppError('issuer_unavailable', { cause })
    })
    const key = keys.get(keyId)
    if (!key) throw new AppError('id_token_invalid', { detail: 'its issuer has no such key' })
    return key
  }
}
