import { z } from 'zod'
import type { RecipeToken } from './recipe-tokens.ts'
import { fitsWildcard } from './wildcard.ts'

const VaultRole = z.strictObject({
  role_type: z.literal('jwt'),
  bound_audiences: z.array(z.string()),
  bound_subject: z.string().optional(),
  bound_claims_type: z.enum(['string', 'glob']).default('string'),
  bound_claims: z
    .record(
      z.string(),
      z.union([z.string(), z.array(z.string())]).transform(value => [value].flat()),
    )
    .default({}),
  user_claim: z.string(),
  token_policies: z.array(z.string()),
  token_ttl: z.string(),
  token_max_ttl: z.string(),
  token_no_default_policy: z.boolean().optional(),
})
export type VaultRole = z.infer<typeof VaultRole>

/** @throws when the text holds what this evaluator does not know */
export const readVaultRole = (text: string): VaultRole => VaultRole.parse(JSON.parse(text))

/**
 * The name under which Vault knows the caller from now on (one entity for each), or nothing when it refuses. As
 * `claims.go` and `path_login.go` of hashicorp/vault-plugin-auth-jwt do; a token with an audience needs a bound one,
 * as since Vault 1.17.
 */
export function vaultAlias(role: VaultRole, boundIssuer: string, token: RecipeToken): string | undefined {
  if (token['iss'] !== boundIssuer || !role.bound_audiences.includes(String(token['aud']))) return undefined
  if (role.bound_subject !== undefined && role.bound_subject !== token['sub']) return undefined
  if (!Object.entries(role.bound_claims).every(([claim, wanted]) => isBound(role, token[claim], wanted)))
    return undefined
  const alias = token[role.user_claim]
  return typeof alias === 'string' ? alias : undefined
}

function isBound(role: VaultRole, value: string | number | undefined, wanted: readonly string[]): boolean {
  if (typeof value !== 'string') return false
  return wanted.some(one => (role.bound_claims_type === 'glob' ? fitsWildcard(one, value) : one === value))
}
