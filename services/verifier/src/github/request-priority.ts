/**
 * What a request to GitHub is for. `build`: a run that was admitted and builds, or wants to; nobody gets there
 * without a trust relationship. `claim`: anybody may cause it, by naming a run.
 */
export type ReadingPurpose = 'claim' | 'build'

/**
 * Who is served first when requests get scarce, best first: runs that were admitted, then repositories that a trust
 * relationship names, then all others (docs/glossary.md: request priority).
 */
export type RequestPriority = 'admitted' | 'related' | 'unknown'
