import type { Issuer } from '@forkproof/contracts/ids'
import { IdTokenClaims } from '@forkproof/contracts/token'
import { z } from 'zod'
import { oauthPaths, tokenExchangeGrant } from '../http/oauth/token-exchange.ts'

export const discoveryPaths = {
  openidConfiguration: '/.well-known/openid-configuration',
  authorizationServer: '/.well-known/oauth-authorization-server',
  jwks: '/.well-known/jwks',
} as const

/** OpenID Connect Discovery 1.0 section 3; RFC 8414 section 2 for the other address. */
export const IssuerMetadata = z.strictObject({
  issuer: z.string(),
  jwks_uri: z.string(),
  response_types_supported: z.array(z.string()),
  subject_types_supported: z.array(z.string()),
  id_token_signing_alg_values_supported: z.array(z.string()),
  scopes_supported: z.array(z.string()),
  claims_supported: z.array(z.string()),
})
export type IssuerMetadata = z.infer<typeof IssuerMetadata>

/** RFC 8414 section 2: the same issuer as an authorization server. */
export const AuthorizationServerMetadata = IssuerMetadata.extend({
  token_endpoint: z.string(),
  introspection_endpoint: z.string(),
  revocation_endpoint: z.string(),
  grant_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  introspection_endpoint_auth_methods_supported: z.array(z.string()),
  revocation_endpoint_auth_methods_supported: z.array(z.string()),
})
export type AuthorizationServerMetadata = z.infer<typeof AuthorizationServerMetadata>

/**
 * States only what exists. There is no authorization endpoint, and nobody signs in here, so relying parties of ID tokens are told of no
 * OAuth grant (GitHub's own issuer does the same; they read `issuer`, `jwks_uri` and the algorithms). Algorithms are those in the JWKS:
 * go-oidc trusts the list.
 */
export const issuerMetadata = (issuer: Issuer): IssuerMetadata => ({
  issuer,
  jwks_uri: `${issuer}${discoveryPaths.jwks}`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  scopes_supported: ['openid'],
  claims_supported: Object.keys(IdTokenClaims.shape),
})

/** `none`: who exchanges or revokes a token has nothing but that token. Introspection wants the operator's bearer token. */
export const authorizationServerMetadata = (issuer: Issuer, publicUrl: Issuer): AuthorizationServerMetadata => ({
  ...issuerMetadata(issuer),
  scopes_supported: ['build'],
  token_endpoint: `${publicUrl}${oauthPaths.token}`,
  introspection_endpoint: `${publicUrl}${oauthPaths.introspect}`,
  revocation_endpoint: `${publicUrl}${oauthPaths.revoke}`,
  grant_types_supported: [tokenExchangeGrant],
  token_endpoint_auth_methods_supported: ['none'],
  introspection_endpoint_auth_methods_supported: ['Bearer'],
  revocation_endpoint_auth_methods_supported: ['none'],
})
