import { z } from 'zod'
import type { RecipeToken } from './recipe-tokens.ts'
import { fitsWildcard } from './wildcard.ts'

const audiences = z.tuple([z.string().max(600)])
const Exact = z.strictObject({ name: z.string(), issuer: z.url(), subject: z.string().max(600), audiences })
const Flexible = z.strictObject({
  name: z.string(),
  issuer: z.url(),
  audiences,
  claimsMatchingExpression: z.strictObject({ value: z.string(), languageVersion: z.literal(1) }),
})
const FederatedCredential = z.union([Exact, Flexible])
export type FederatedCredential = z.infer<typeof FederatedCredential>

/** Of these issuers alone can claims be compared by an expression, and of each only the named ones. */
const flexibleIssuers: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^https:\/\/token\.actions\.githubusercontent\.com$/, ['sub', 'job_workflow_ref']],
  [/^https:\/\/gitlab(\.[a-z0-9-]+)?\.(com|ca)$/, ['sub']],
  [/^https:\/\/app(\.eu)?\.terraform\.io$/, ['sub']],
]

/** @throws when Entra would not take the credential: a second audience, or an expression for an issuer without them */
export function readCredential(text: string): FederatedCredential {
  const credential = FederatedCredential.parse(JSON.parse(text))
  if ('subject' in credential) return credential
  const claims = flexibleIssuers.find(([issuer]) => issuer.test(credential.issuer))?.[1] ?? []
  const unknown = parseExpression(credential.claimsMatchingExpression.value).find(
    ({ claim }) => !claims.includes(claim),
  )
  if (unknown) throw new Error(`no expression over ${unknown.claim} for ${credential.issuer}`)
  return credential
}

/** Whether an application with these credentials gives a token of its own for this one. */
export const signsInAs = (credentials: readonly FederatedCredential[], token: RecipeToken): boolean =>
  credentials.some(credential => {
    const { issuer, audiences } = credential
    if (issuer !== token['iss'] || audiences[0] !== token['aud']) return false
    return 'subject' in credential
      ? credential.subject === token['sub']
      : parseExpression(credential.claimsMatchingExpression.value).every(part => part.fits(token[part.claim]))
  })

interface ExpressionPart {
  readonly claim: string
  readonly fits: (value: string | number | undefined) => boolean
}

/** `claims['sub'] eq '…' and claims['…'] matches '…'` */
function parseExpression(text: string): ExpressionPart[] {
  return text.split(' and ').map(part => {
    const [, claim, operator, comparand = ''] = /^claims\['(\w+)'\] (eq|matches) '([^']*)'$/.exec(part.trim()) ?? []
    if (!claim) throw new Error(`not an expression: ${part}`)
    const equals = operator === 'eq'
    return {
      claim,
      fits: value =>
        typeof value === 'string' && (equals ? value === comparand : fitsWildcard(comparand, value, { one: true })),
    }
  })
}
