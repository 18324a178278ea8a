import { createHash } from 'node:crypto'

/**
 * The validator of one answer. It depends on the credential and the address too: a client must not share validators
 * between credentials (docs/facts/github.md#conditional-requests). Compressible answers carry GitHub's weak form.
 */
export function entityTag(viewerName: string, target: string, body: string, isWeak: boolean): string {
  const digest = createHash('sha256').update(`${viewerName}\n${target}\n${body}`).digest('hex')
  return isWeak ? `W/"${digest}"` : `"${digest}"`
}

/** RFC 9110 section 13.1.2: weak comparison, lists, and `*`. */
export function matchesEntityTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  const opaque = (text: string) => text.trim().replace(/^W\//, '')
  return ifNoneMatch.split(',').some(candidate => opaque(candidate) === opaque(tag))
}
