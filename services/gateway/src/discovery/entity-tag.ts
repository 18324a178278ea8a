import { createHash } from 'node:crypto'

/** A document as it goes over the wire, with its strong validator (RFC 9110 section 8.8). */
export interface TaggedDocument {
  readonly body: string
  readonly etag: string
}

export const tagged = (body: string): TaggedDocument => ({
  body,
  etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
})

/** RFC 9110 section 13.1.2: a list or `*`, compared weakly. */
export function matchesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch
    .split(',')
    .map(tag => tag.trim().replace(/^W\//, ''))
    .some(tag => tag === '*' || tag === etag)
}
