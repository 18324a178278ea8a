import { z } from 'zod'
import { decimalIdDigits } from './ids.ts'

/** What a subject can say beside the repository, in the order in which it says it. docs/glossary.md: subject part. */
export const SubjectPart = z.enum(['base_ref', 'workflow_path'])
export type SubjectPart = z.infer<typeof SubjectPart>

type PartValues = { readonly [Part in SubjectPart]?: string | undefined }

/** Fits the subject limits of the relying parties in docs/facts/oidc.md#relying-parties but Google's, which are 127. */
export const subjectCharsMax = 255
const valueChars = '[A-Za-z0-9._~/%-]'

/**
 * Stable per base repository and event class, immutable, and in a namespace that GitHub never uses: a trust policy
 * written for GitHub's `repo:o/r:pull_request` cannot match it by accident (docs/facts/oidc.md#subject).
 *
 * Parts go behind it, each as `:<name>:<value>`, in a fixed order. No value holds a colon, so no branch or path can
 * make another subject. A value that is not known, or with which the subject would be too long, is empty: no branch and
 * no path is, so that an exact policy does not match.
 */
export function forkPullRequestSubject(
  repositoryId: string,
  values: PartValues = {},
  parts: readonly SubjectPart[] = [],
): string {
  const base = `repo_id:${repositoryId}:fork_pull_request`
  const join = (partValue: (part: SubjectPart) => string) =>
    SubjectPart.options
      .filter(part => parts.includes(part))
      .reduce((text, part) => `${text}:${part}:${partValue(part)}`, base)
  const full = join(part => escapedValue(values[part]))
  return full.length <= subjectCharsMax ? full : join(() => '')
}

/** Percent-encoded (RFC 3986 section 2.1), wildcards too; plain are letters, digits, and `.`, `_`, `~`, `-`, `/`. */
function escapedValue(text: string | undefined): string {
  // Half a surrogate pair has no encoding of its own, and two such texts would read alike.
  if (text === undefined || !text.isWellFormed()) return ''
  return [...new TextEncoder().encode(text)]
    .map(byte => (plain.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${hexOf(byte)}`))
    .join('')
}

const plain = /^[A-Za-z0-9._~/-]$/
const hexOf = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0')

export const TokenSubject = z
  .string()
  .max(subjectCharsMax)
  .regex(
    new RegExp(
      `^repo_id:${decimalIdDigits}:fork_pull_request${SubjectPart.options.map(part => `(?::${part}:${valueChars}*)?`).join('')}$`,
    ),
  )

/** Whether this subject is one that the signer can have given to a run with these values, by whatever setting. */
export function isSubjectOf(subject: string, repositoryId: string, values: PartValues): boolean {
  const parts = SubjectPart.options
  const settings = [[], ...parts.map(part => [part]), parts]
  return settings.some(setting => subject === forkPullRequestSubject(repositoryId, values, setting))
}
