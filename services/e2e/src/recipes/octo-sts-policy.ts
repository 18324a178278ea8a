import { RE2JS } from '@bufbuild/re2'
import { parse } from 'yaml'
import { z } from 'zod'
import type { RecipeToken } from './recipe-tokens.ts'

const OctoStsPolicy = z.strictObject({
  issuer: z.string().optional(),
  issuer_pattern: z.string().optional(),
  subject: z.string().optional(),
  subject_pattern: z.string().optional(),
  audience: z.string().optional(),
  audience_pattern: z.string().optional(),
  claim_pattern: z.record(z.string(), z.string()).default({}),
  permissions: z.record(z.string(), z.enum(['read', 'write'])),
})
export type OctoStsPolicy = z.infer<typeof OctoStsPolicy>

/** What the policy means by no audience: the address of the service that everybody uses. */
export const octoStsDomain = 'octo-sts.dev'

/** @throws when octo-sts would not take the file */
export function readOctoStsPolicy(text: string): OctoStsPolicy {
  const policy = OctoStsPolicy.parse(parse(text))
  for (const name of ['issuer', 'subject'] as const) {
    const given = [policy[name], policy[`${name}_pattern`]].filter(value => value !== undefined)
    if (given.length !== 1) throw new Error(`one of ${name} and ${name}_pattern must be set`)
  }
  return policy
}

/** Whether octo-sts gives a token of its App for this one: `CheckToken` in `pkg/octosts/trust_policy.go`. */
export function octoStsExchanges(policy: OctoStsPolicy, token: RecipeToken): boolean {
  const { issuer, issuer_pattern, subject, subject_pattern, audience, audience_pattern, claim_pattern } = policy
  return (
    fits(token['iss'], issuer, issuer_pattern) &&
    fits(token['sub'], subject, subject_pattern) &&
    fits(token['aud'], audience ?? (audience_pattern === undefined ? octoStsDomain : undefined), audience_pattern) &&
    Object.entries(claim_pattern).every(([claim, pattern]) => fits(token[claim], undefined, pattern))
  )
}

/** Patterns are of Go’s language. They fit the whole value or nothing, since GHSA-mwqh-2vg8-rhj3 was mended. */
function fits(value: string | number | undefined, exact: string | undefined, pattern: string | undefined): boolean {
  if (typeof value !== 'string') return false
  return pattern === undefined ? value === exact : new RE2JS(pattern).testExact(value)
}
