import { type CryptoKey, importJWK } from 'jose'
import { z } from 'zod'

/** Ids of keys that are kept from one document; an issuer has two or three. */
const keysMax = 20

const Document = z.object({ keys: z.array(z.unknown()).min(1) })
/** RFC 7517 section 4: what is absent does not restrict. */
const UsableKey = z.object({
  kty: z.literal('RSA'),
  kid: z.string().min(1).max(255),
  use: z.literal('sig').optional(),
  alg: z.literal('RS256').optional(),
  n: z.string().max(1_400),
  e: z.string().max(12),
})

export type KeySet = ReadonlyMap<string, CryptoKey>

/**
 * The RS256 keys of a JWKS document by id; keys of other kinds and those that cannot be read are left out (section
 * 5). Only the public members are taken. @throws when it is no JWKS or not one key of it can be used
 */
export async function readKeySet(text: string): Promise<KeySet> {
  const { keys } = Document.parse(JSON.parse(text))
  const found = new Map<string, CryptoKey>()
  for (const candidate of keys.slice(0, keysMax)) {
    const parsed = UsableKey.safeParse(candidate)
    if (!parsed.success) continue
    const { kty, kid, n, e } = parsed.data
    const key = await importJWK({ kty, n, e }, 'RS256').catch(() => undefined)
    if (key && !(key instanceof Uint8Array)) found.set(kid, key)
  }
  if (found.size === 0) throw new Error('the JWKS has no usable RS256 key')
  return found
}
