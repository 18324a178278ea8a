import type { Issuer } from '@forkproof/contracts/ids'
import { IdTokenClaims } from '@forkproof/contracts/token'
import { z } from 'zod'

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

/**
 * States only what exists. There is no authorization or token endpoint yet and no OAuth grant, so none is named (GitHub's own issuer
 * does the same; relying parties read `issuer`, `jwks_uri` and the algorithms). Algorithms are those in the JWKS: go-oidc trusts the list.
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
