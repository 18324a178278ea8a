import type { Audience } from '@forkproof/contracts/ids'

/**
 * Audiences that everybody uses with such a relying party (docs/facts/oidc.md#relying-parties). A token for one of
 * them is good at every tenant that ever trusts this issuer, so it takes a maintainer's word in the settings.
 */
const thirdParties = ['sigstore', 'pypi', 'testpypi', 'api://azureadtokenexchange', 'sts.amazonaws.com']
const thirdPartyPrefixes = ['npm:']

/** `any` serves all; a list serves exactly those; an empty one all but the third parties' well-known ones. */
export function audiencePolicy(entries: readonly string[], defaultAudience: Audience): (audience: Audience) => boolean {
  if (entries.includes('any')) return () => true
  if (entries.length > 0) {
    const listed = new Set([...entries, defaultAudience])
    return audience => listed.has(audience)
  }
  return audience => {
    const name = audience.toLowerCase()
    if (audience === defaultAudience) return true
    return !thirdParties.includes(name) && !thirdPartyPrefixes.some(prefix => name.startsWith(prefix))
  }
}
