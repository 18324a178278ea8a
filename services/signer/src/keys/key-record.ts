import { KeyId } from '@forkproof/contracts/ids'
import { limits } from '@forkproof/contracts/limits'
import { z } from 'zod'

/**
 * Relying parties read key sets of a handful of keys (docs/facts/oidc.md#relying-parties); contracts/jwks.ts has the
 * same bound.
 */
export const publishedKeysMax = 5
/** Records of dropped and tainted keys that are kept for operators to read. */
export const tombstonesMax = 20

const secondMs = 1_000
/**
 * A prepared key signs when every cache that obeys max-age has seen it. One minute more for clocks and slow answers.
 */
export const prepareLeadMs = (limits.jwksMaxAgeSeconds + 60) * secondMs
/** How long a key stays published after its last token: the token's life, 300 s that AWS adds, and a cache's age. */
export const retainMs = (limits.tokenLifetimeSeconds + 300 + limits.jwksMaxAgeSeconds) * secondMs

const instantMs = z.int().nonnegative()

/**
 * One signing key. `n`: the public modulus. The encrypted private key is there exactly while the key may still sign.
 */
export const KeyRecord = z.strictObject({
  keyId: KeyId,
  state: z.enum(['prepared', 'active', 'retired', 'dropped', 'tainted']),
  n: z.string().regex(/^[A-Za-z0-9_-]{342,683}$/),
  sealedPrivateKey: z.string().max(8_192).exactOptional(),
  preparedAtMs: instantMs,
  activatedAtMs: instantMs.exactOptional(),
  retiredAtMs: instantMs.exactOptional(),
  taintedAtMs: instantMs.exactOptional(),
  droppedAtMs: instantMs.exactOptional(),
})
export type KeyRecord = z.infer<typeof KeyRecord>

/** The whole set is one document, so that every change of state is one compare-and-set. */
export const KeyStates = z.strictObject({
  v: z.literal(1),
  keys: z.array(KeyRecord).max(publishedKeysMax + tombstonesMax),
})
export type KeyStates = z.infer<typeof KeyStates>

export const noKeys: KeyStates = { v: 1, keys: [] }

/** A fresh key as it goes into the set. */
export type NewKey = Pick<KeyRecord, 'keyId' | 'n'> & { readonly sealedPrivateKey: string }

/** Still in the JWKS: its tokens verify. */
export const isPublished = (key: KeyRecord): boolean =>
  key.state === 'prepared' || key.state === 'active' || key.state === 'retired'

export const activeKey = (states: KeyStates): KeyRecord | undefined => states.keys.find(key => key.state === 'active')
export const preparedKey = (states: KeyStates): KeyRecord | undefined =>
  states.keys.findLast(key => key.state === 'prepared')
