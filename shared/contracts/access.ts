import { z } from 'zod'
import { DecimalId, ProjectId, RelationshipId, RepositoryName, RunAttempt, RunId } from './ids.ts'
import { EventClass, Grant } from './trust.ts'

/**
 * Where a run comes from, as far as its token says: what a maintainer may deny. `accountIds` are all who had a hand in
 * it: the fork's owner, the pull request's author, the actors.
 */
const RunOrigin = z.object({
  headRepositoryId: DecimalId.exactOptional(),
  pullRequestNumber: DecimalId.exactOptional(),
  accountIds: z.array(DecimalId).max(8),
})

/** What an admitted token says about its run: all that it takes to confirm the run again later. */
export const AdmittedRun = z.object({
  eventClass: EventClass,
  repository: RepositoryName,
  repositoryId: z.string(),
  runId: RunId,
  attempt: RunAttempt,
  /** Absent in what an older release wrote. */
  origin: RunOrigin.exactOptional(),
  /** As the pull request has to be when a build starts; only where the relationship demands an open one. */
  pullRequest: z.object({ number: DecimalId, baseRef: z.string().exactOptional() }).exactOptional(),
})
export type AdmittedRun = z.infer<typeof AdmittedRun>

/** The grant of either class, flat. `cache` is `project` only for trusted runs. */
export const EffectiveGrant = Grant.extend({ cache: z.enum(['none', 'project']) })
export type EffectiveGrant = z.infer<typeof EffectiveGrant>

export const Admitted = z.object({
  projectId: ProjectId,
  relationshipId: RelationshipId,
  run: AdmittedRun,
  grant: EffectiveGrant,
})
export type Admitted = z.infer<typeof Admitted>

/**
 * Value in the bucket `access-tokens`. Its key is the SHA-256 of the token, so that the bucket holds nothing that can
 * be presented. docs/glossary.md: access token.
 */
export const AccessRecord = Admitted.extend({ issuedAtMs: z.int(), expiresAtMs: z.int() })
export type AccessRecord = z.infer<typeof AccessRecord>
