import { createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'

/** The verifier's public key as configured: JWK or SPKI PEM, Ed25519 only. A private key is refused as a mistake. */
export const attestationPublicKey = z.string().transform((text, context): KeyObject => {
  const key = parse(text.trim())
  if (key?.asymmetricKeyType === 'ed25519') return key
  context.addIssue({ code: 'custom', message: 'must be a public Ed25519 key, JWK or PEM, without its private half' })
  return z.NEVER
})

const PublicJwk = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().length(43),
  kid: z.string().exactOptional(),
  alg: z.string().exactOptional(),
  use: z.literal('sig').exactOptional(),
})

function parse(text: string): KeyObject | undefined {
  try {
    if (text.startsWith('-----BEGIN PUBLIC KEY-----')) return createPublicKey(text)
    const { kty, crv, x } = PublicJwk.parse(JSON.parse(text))
    return createPublicKey({ key: { kty, crv, x }, format: 'jwk' })
  } catch {
    return undefined
  }
}
