import { JsonWebKeySet, jwksDocumentKey, type PublicSigningKey } from '@forkproof/contracts/jwks'
import type { Bucket } from '@forkproof/infra/bus'
import { isPublished, type KeyRecord, type KeyStates } from './key-record.ts'
import type { KeyStore } from './key-store.ts'
import { publicSigningKey } from './signing-key.ts'

const attemptsMax = 10

/** Publishes the set of keys as JWKS, with `additions` that are about to join it. */
export type PublishJwks = (additions?: readonly KeyRecord[]) => Promise<void>

/**
 * Reads the published document first and the set of keys second, and writes only if the document has not changed since.
 * So the last writer has seen the newest set, in whatever order replicas write.
 */
export function createJwksPublication({ bucket, store }: { bucket: Bucket; store: KeyStore }): PublishJwks {
  return async (additions = []) => {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const published = await bucket.get(jwksDocumentKey)
      const { states } = await store.read()
      const wanted = JSON.stringify(JsonWebKeySet.parse({ keys: publicKeys(states, additions) }))
      if (published?.value === wanted) return
      const written = published
        ? await bucket.update(jwksDocumentKey, wanted, published.revision)
        : await bucket.create(jwksDocumentKey, wanted)
      if (written !== undefined) return
    }
    throw new Error(`the JWKS could not be published in ${attemptsMax} attempts`)
  }
}

function publicKeys(states: KeyStates, additions: readonly KeyRecord[]): PublicSigningKey[] {
  const known = states.keys.filter(isPublished)
  const knownIds = new Set(known.map(key => key.keyId))
  return [...known, ...additions.filter(key => !knownIds.has(key.keyId))].map(publicSigningKey)
}
