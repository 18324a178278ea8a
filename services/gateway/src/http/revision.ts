import { AppError } from '@forkproof/contracts/errors'

/** Entity tag of a revision (RFC 9110 section 8.8.3). */
export const revisionTag = (revision: number): string => `"${revision}"`

/**
 * The one revision that a change is meant for. `*` and lists are no such thing: they would change what the caller
 * has not read. @throws AppError revision_missing
 */
export function expectedRevision(ifMatch: string | undefined): number {
  const digits = /^"([1-9][0-9]{0,14})"$/.exec(ifMatch?.trim() ?? '')?.[1]
  if (digits === undefined) throw new AppError('revision_missing')
  return Number(digits)
}
