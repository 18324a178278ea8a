import { Channel } from '@forkproof/contracts/channels'
import type { Issuer } from '@forkproof/contracts/ids'
import { IdTokenClaims } from '@forkproof/contracts/token'
import { z } from 'zod'
import { oauthPaths, tokenExchangeGrant } from '../http/oauth/token-exchange.ts'

export const discoveryPaths = {
  openidConfiguration: '/.well-known/openid-configuration',
  authorizationServer: '/.well-known/oauth-authorization-server',
  jwks: '/.well-known/jwks',
} as const

/** OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2. */
export const IssuerMetadata = z.strictObject({
  issuer: z.string(),
  jwks_uri: z.string(),
  response_types_supported: z.array(z.string()),
  subject_types_supported: z.array(z.string()),
  id_token_signing_alg_values_supported: z.array(z.string()),
  scopes_supported: z.array(z.string()),
  claims_supported: z.array(z.string()),
  token_endpoint: z.string(),
  introspection_endpoint: z.string(),
  revocation_endpoint: z.string(),
  grant_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  introspection_endpoint_auth_methods_supported: z.array(z.string()),
  revocation_endpoint_auth_methods_supported: z.array(z.string()),
  forkproof_channels: z.array(Channel).meta({
    description: 'where codes are read, so where a claimant of this issuer can show one; ours, in no standard',
  }),
})
export type IssuerMetadata = z.infer<typeof IssuerMetadata>

interface IssuerMetadataOptions {
  readonly issuer: Issuer
  readonly publicUrl: Issuer
  readonly channels: readonly Channel[]
}

/**
 * One document for both well-known addresses, so that a client learns the same from either. It states only what
 * exists. There is no authorization endpoint, because there is no sign-in here; the one grant is token exchange,
 * and without `grant_types_supported` a reader would assume the authorization code. Algorithms are those in the
 * JWKS: go-oidc trusts the list. Authentication is `none` because a client that exchanges or revokes a token has
 * only that token. Introspection needs the operator's bearer token.
 */
export const issuerMetadata = ({ issuer, publicUrl, channels }: IssuerMetadataOptions): IssuerMetadata => ({
  issuer,
  jwks_uri: `${issuer}${discoveryPaths.jwks}`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  // OpenID Connect demands its own; access tokens have the other.
  scopes_supported: ['openid', 'build'],
  claims_supported: Object.keys(IdTokenClaims.shape),
  token_endpoint: `${publicUrl}${oauthPaths.token}`,
  introspection_endpoint: `${publicUrl}${oauthPaths.introspect}`,
  revocation_endpoint: `${publicUrl}${oauthPaths.revoke}`,
  grant_types_supported: [tokenExchangeGrant],
  token_endpoint_auth_methods_supported: ['none'],
  introspection_endpoint_auth_methods_supported: ['Bearer'],
  revocation_endpoint_auth_methods_supported: ['none'],
  forkproof_channels: [...channels],
})
