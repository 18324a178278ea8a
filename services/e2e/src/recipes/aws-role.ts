import { z } from 'zod'
import { nativeIssuer, type RecipeToken } from './recipe-tokens.ts'
import { fitsWildcard } from './wildcard.ts'

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform(value => [value].flat())
const Condition = z.record(z.string(), z.record(z.string(), oneOrMore))
type AwsCondition = z.infer<typeof Condition>

const RoleTrustPolicy = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Effect: z.literal('Allow'),
      Principal: z.strictObject({ Federated: z.string().regex(/^arn:aws:iam::\d{12}:oidc-provider\/[^/]+$/) }),
      Action: z.literal('sts:AssumeRoleWithWebIdentity'),
      Condition,
    }),
  ),
})
type RoleTrustPolicy = z.infer<typeof RoleTrustPolicy>

/** What `aws iam create-open-id-connect-provider` was told. */
interface AwsProvider {
  readonly url: string
  readonly clientIds: readonly string[]
}

/** @throws when the text holds what this evaluator does not know */
export const readTrustPolicy = (text: string): RoleTrustPolicy => RoleTrustPolicy.parse(JSON.parse(text))

/** The policy with another condition in each statement. */
export const withCondition = (policy: RoleTrustPolicy, text: string): RoleTrustPolicy =>
  RoleTrustPolicy.parse({
    ...policy,
    Statement: policy.Statement.map(statement => ({ ...statement, ...JSON.parse(text) })),
  })

/** Whether AWS STS gives credentials of the role for the token; its signature was checked before. */
export function assumesRole(policy: RoleTrustPolicy, provider: AwsProvider, token: RecipeToken): boolean {
  if (token['iss'] !== provider.url || !provider.clientIds.includes(String(token['aud']))) return false
  const host = provider.url.replace('https://', '')
  return policy.Statement.some(
    ({ Principal, Condition }) =>
      Principal.Federated.endsWith(`:oidc-provider/${host}`) && fulfils(Condition, contextOf(host, token)),
  )
}

/** Claims that AWS knows of GitHub's own issuer, beside those of every issuer. */
const claimsOfGithub = [
  ...['actor', 'actor_id', 'enterprise_id', 'environment', 'job_workflow_ref', 'ref'],
  ...['repository', 'repository_id', 'workflow'],
]

/** The condition keys of a request. Of an issuer that AWS does not know there are `aud` and `sub` (and `amr`). */
function contextOf(host: string, token: RecipeToken): ReadonlyMap<string, string> {
  const known = ['aud', 'sub', ...(token['iss'] === nativeIssuer ? claimsOfGithub : [])]
  return new Map(known.filter(name => token[name] !== undefined).map(name => [`${host}:${name}`, String(token[name])]))
}

const operators: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  StringEquals: (value, wanted) => value === wanted,
  StringEqualsIgnoreCase: (value, wanted) => value.toLowerCase() === wanted.toLowerCase(),
  StringLike: (value, wanted) => fitsWildcard(wanted, value, { one: true }),
}

/** Operators and keys are AND, the values of a key are OR. */
const fulfils = (condition: AwsCondition, context: ReadonlyMap<string, string>): boolean =>
  Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, context.get(key), wanted)),
  )

/** A key that the request does not have: true for `ForAllValues:` and `…IfExists`, and else false. */
function holds(operator: string, value: string | undefined, wanted: readonly string[]): boolean {
  const [, quantifier = '', name = '', ifExists = ''] =
    /^(ForAllValues:|ForAnyValue:)?([A-Za-z]+?)(IfExists)?$/.exec(operator) ?? []
  const compare = operators[name]
  if (!compare) throw new Error(`no operator ${operator}`)
  if (value === undefined) return quantifier === 'ForAllValues:' || ifExists !== ''
  return wanted.some(one => compare(value, one))
}
