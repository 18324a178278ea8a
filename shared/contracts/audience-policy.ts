import { z } from 'zod'
import { commaList } from './comma-list.ts'
import { Audience, type Issuer } from './ids.ts'

/**
 * Audiences that everybody uses with such a relying party (docs/facts/oidc.md#relying-parties). A token for one of
 * them is good at every tenant that ever trusts this issuer, so each has to be listed by its name; `any` is not enough.
 * Compared without case, scheme, trailing slash and path, so that no other spelling of a listed host gets through.
 */
const thirdParties: readonly RegExp[] = [
  // A wide net on purpose: what it catches too much of can be listed.
  /^(.+\.)?amazonaws\.com(\.cn)?$/,
  /^(.+\.)?sigstore(\.dev)?$/,
  /^(.+\.)?(pypi|testpypi)(\.org)?$/,
  /^(.+\.)?(npmjs\.(com|org)|crates\.io|rubygems\.org|nuget\.org|octo-sts\.dev)$/,
  /^azureadtokenexchange[a-z]*$/,
  /^(crates\.io|rubygems|nuget)$/,
]

const isThirdParty = (audience: Audience): boolean => {
  const name = audience.toLowerCase()
  if (name.startsWith('npm:')) return true
  const host = name.replace(/^([a-z][a-z0-9+.-]*:)?\/\//, '').replace(/[/?#].*$/, '')
  return thirdParties.some(pattern => pattern.test(host.replace(/:\d*$/, '').replace(/\.$/, '')))
}

/**
 * The setting: exact audiences, and `any` for all but the well-known ones of third parties. Without one, only tokens
 * for this issuer's own audience are made.
 */
export const AudienceSetting = z.string().transform(commaList).pipe(z.array(Audience))

/** Whether tokens are made for an audience. `own`: those that need no listing. */
export function audiencePolicy(
  listed: readonly Audience[],
  own: readonly (Audience | Issuer)[],
): (audience: Audience) => boolean {
  const served = new Set<string>([...listed, ...own])
  served.delete('any')
  const all = listed.some(entry => entry === 'any')
  return audience => served.has(audience) || (all && !isThirdParty(audience))
}
