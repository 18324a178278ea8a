import { z } from 'zod'
import { KeyId } from './ids.ts'

/**
 * The only shape of key that can be published. Strict for readers too: a member that is not named here may be a private
 * one, and then nothing of the document is published (docs/facts/oidc.md#key-sets).
 */
export const PublicSigningKey = z.strictObject({
  kty: z.literal('RSA'),
  alg: z.literal('RS256'),
  use: z.literal('sig'),
  kid: KeyId,
  n: z.string().regex(/^[A-Za-z0-9_-]{342,683}$/),
  e: z.literal('AQAB'),
})
export type PublicSigningKey = z.infer<typeof PublicSigningKey>

export const JsonWebKeySet = z.object({ keys: z.array(PublicSigningKey).max(5) })
export type JsonWebKeySet = z.infer<typeof JsonWebKeySet>

/** The bucket holds the whole document under one key, so that a reader can never see half a rotation. */
export const jwksDocumentKey = 'current'
