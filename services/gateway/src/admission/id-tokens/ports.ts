import type { Issuer } from '@forkproof/contracts/ids'
import type { CryptoKey, JWTPayload } from 'jose'
import type { RunClaims } from '../run-claims.ts'

/** The keys of one issuer. */
export interface VerificationKeys {
  /**
   * @throws AppError id_token_invalid when the issuer has no such key; issuer_unavailable or
   * temporarily_unavailable when that cannot be told now
   */
  keyFor(keyId: string): Promise<CryptoKey>
}

/**
 * One row of the fixed table of issuers: what a token names as its issuer is only ever looked up here, never
 * fetched (docs/facts/oidc.md#issuer-table).
 */
export interface TrustedIssuer {
  readonly issuer: Issuer
  readonly keys: VerificationKeys
  /** `undefined` when the claims are not those that this issuer makes. */
  readonly claimsOf: (payload: JWTPayload) => RunClaims | undefined
}

export interface VerifiedToken {
  readonly issuer: Issuer
  readonly audience: string
  /** `jti`. */
  readonly tokenId: string
  /** Names the token in logs. */
  readonly tokenSha256: string
  readonly expiresAtMs: number
  readonly claims: RunClaims
}

export type VerifyIdToken = (presented: { reveal(): string }) => Promise<VerifiedToken>
