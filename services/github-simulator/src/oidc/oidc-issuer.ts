import { randomUUID } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

const algorithm = 'RS256'
const lifetimeSeconds = 300
/** GitHub dates `nbf` back by this much (docs/facts/oidc.md#times-and-ids). */
const notBeforeSeconds = 600

/** The fake of GitHub's own OIDC provider. Its key is made at start and lives as long as the process. */
export class OidcIssuer {
  readonly #key: CryptoKey
  readonly #publicJwk: JWK

  private constructor(key: CryptoKey, publicJwk: JWK) {
    this.#key = key
    this.#publicJwk = publicJwk
  }

  static async create(): Promise<OidcIssuer> {
    const pair = await generateKeyPair(algorithm, { modulusLength: 2048, extractable: true })
    const jwk = await exportJWK(pair.publicKey)
    const kid = await calculateJwkThumbprint(jwk)
    return new OidcIssuer(pair.privateKey, { ...jwk, kid, alg: algorithm, use: 'sig' })
  }

  jwks(): { keys: JWK[] } {
    return { keys: [this.#publicJwk] }
  }

  discovery(issuer: string) {
    return {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks`,
      subject_types_supported: ['public', 'pairwise'],
      response_types_supported: ['id_token'],
      claims_supported: ['sub', 'aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'ref', 'sha', 'repository', 'repository_id'],
      id_token_signing_alg_values_supported: [algorithm],
      scopes_supported: ['openid'],
    }
  }

  /** A signed ID token. @param registered `nowMs` in epoch milliseconds */
  sign(
    claims: Record<string, string>,
    registered: { issuer: string; audience: string; nowMs: number },
  ): Promise<string> {
    const now = Math.floor(registered.nowMs / 1_000)
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: this.#publicJwk.kid ?? '' })
      .setIssuer(registered.issuer)
      .setAudience(registered.audience)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setNotBefore(now - notBeforeSeconds)
      .setExpirationTime(now + lifetimeSeconds)
      .sign(this.#key)
  }
}
