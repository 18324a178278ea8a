import type { Issuer } from '@forkproof/contracts/ids'
import { z } from 'zod'
import { type KeySet, readKeySet } from './key-set.ts'

export interface FetchedDocument {
  readonly body: string
  readonly cacheControl: string | undefined
}
/** One GET that follows no redirect and is bounded in time and size. @throws on any answer but 200 */
export type FetchDocument = (url: string) => Promise<FetchedDocument>

/** Less would let an issuer's `no-store` turn each exchange into two requests to it. */
const freshMsMin = 60_000
const freshMsDefault = 600_000
const freshMsMax = 24 * 3_600_000

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() })

/** The keys that an issuer publishes, and how long they may be used unasked. */
export async function fetchKeySet(
  issuer: Issuer,
  fetchDocument: FetchDocument,
): Promise<{ keys: KeySet; freshMs: number }> {
  const { body } = await fetchDocument(`${issuer}/.well-known/openid-configuration`)
  const discovery = Discovery.parse(JSON.parse(body))
  // OpenID Connect Discovery section 4.3; and an altered document must not be able to point elsewhere.
  if (discovery.issuer !== issuer) throw new Error('the discovery document names another issuer')
  if (new URL(discovery.jwks_uri).origin !== new URL(issuer).origin) throw new Error('the keys are at another origin')
  const jwks = await fetchDocument(discovery.jwks_uri)
  return { keys: await readKeySet(jwks.body), freshMs: freshMsOf(jwks.cacheControl) }
}

/** RFC 9111 section 5.2.2, as far as it matters here. */
export function freshMsOf(cacheControl: string | undefined): number {
  const directives = cacheControl?.toLowerCase() ?? ''
  if (/(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])/.test(directives)) return freshMsMin
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})"?(?:$|[\s,])/.exec(directives)?.[1]
  return seconds === undefined ? freshMsDefault : Math.min(freshMsMax, Math.max(freshMsMin, Number(seconds) * 1_000))
}
