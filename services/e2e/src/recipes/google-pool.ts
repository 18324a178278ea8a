import { isCelError, run } from '@bufbuild/cel'
import type { RecipeToken } from './recipe-tokens.ts'

/** What `gcloud iam workload-identity-pools providers create-oidc` was told. */
export interface GoogleProvider {
  readonly issuer: string
  /** Its own full name where none is named. */
  readonly audience: string
  /** Expressions by attribute. */
  readonly mapping: ReadonlyMap<string, string>
  readonly condition: string
}

interface GooglePool {
  /** `projects/<number>/locations/global/workloadIdentityPools/<id>` */
  readonly name: string
  readonly providers: readonly GoogleProvider[]
}

const subjectBytesMax = 127

/** `google.subject=…,attribute.x=…`, as `--attribute-mapping` takes it. */
export const readMapping = (text: string): ReadonlyMap<string, string> =>
  new Map(text.split(',').map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))

/** Every principal that the token is in this pool; nothing when no provider takes it. */
export function googlePrincipals({ name, providers }: GooglePool, token: RecipeToken): string[] {
  const provider = providers.find(({ issuer, audience }) => issuer === token['iss'] && audience === token['aud'])
  const mapped = provider && mappedAttributes(provider, token)
  if (!mapped) return []
  const base = `iam.googleapis.com/${name}`
  const ofAttribute = [...mapped]
    .filter(([attribute]) => attribute.startsWith('attribute.'))
    .map(([attribute, value]) => `principalSet://${base}/${attribute}/${value}`)
  return [`principal://${base}/subject/${mapped.get('google.subject')}`, `principalSet://${base}/*`, ...ofAttribute]
}

function mappedAttributes(
  { mapping, condition }: GoogleProvider,
  token: RecipeToken,
): ReadonlyMap<string, string> | undefined {
  const assertion = new Map(Object.entries(token))
  const mapped = new Map<string, string>()
  for (const [attribute, expression] of mapping) {
    const value = run(expression, { assertion })
    // An attribute that cannot be computed refuses the token, as a claim that is not there does.
    if (typeof value !== 'string') return undefined
    mapped.set(attribute, value)
  }
  const subject = mapped.get('google.subject')
  if (!subject || Buffer.byteLength(subject) > subjectBytesMax) return undefined
  const attribute = new Map([...mapped].map(([name, value]) => [name.replace('attribute.', ''), value]))
  const answer = run(condition, { assertion, attribute, google: new Map([['subject', subject]]) })
  return !isCelError(answer) && answer === true ? mapped : undefined
}
