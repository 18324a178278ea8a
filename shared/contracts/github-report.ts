import { z } from 'zod'
import { DecimalId, RepositoryName } from './ids.ts'

/** Repositories that one list can name; a document of the bus carries them. */
export const relatedRepositoriesMax = 5_000

/** Keys in the bucket `github`, which the verifier writes and the gateway reads. An entry lives for a minute. */
export const githubKeys = { budget: 'budget', repositories: 'repositories' } as const

/**
 * What is left of the requests to GitHub, so that the gateway can refuse early what the verifier could not serve. Where
 * several verifiers write it the latest counts: the hourly figures are GitHub's own and the same for all.
 */
export const GithubBudgetReport = z.object({
  atMs: z.int(),
  /** No claim of a repository that no project names is served before this time. Absent when one is served now. */
  unknownFromMs: z.int().exactOptional(),
  /** The same for repositories that a project names. */
  relatedFromMs: z.int().exactOptional(),
  credentials: z
    .array(z.object({ kind: z.string(), limit: z.int(), remaining: z.int(), spendable: z.int() }))
    .readonly()
    .default([]),
})
export type GithubBudgetReport = z.infer<typeof GithubBudgetReport>

/** The repositories that projects name by id, with the names that claims use. */
export const RelatedRepositories = z.object({
  atMs: z.int(),
  repositories: z
    .array(z.object({ id: DecimalId, name: RepositoryName }))
    .max(relatedRepositoriesMax)
    .readonly(),
  /** So many ids have no name yet, because GitHub could not be asked: a name that is missing may be one of them. */
  unresolved: z.int().min(0),
})
export type RelatedRepositories = z.infer<typeof RelatedRepositories>
