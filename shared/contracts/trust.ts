import { z } from 'zod'
import { Egress, Platform } from './builder.ts'
import { ChannelList } from './channels.ts'
import { DecimalId, decimalIdDigits, ProjectId, RelationshipId } from './ids.ts'
import { strict } from './strict.ts'

/** Whether a run is of a fork's pull request or trusted. docs/glossary.md: event class. */
export const EventClass = z.enum(['fork_pull_request', 'trusted'])

const text = z.string().min(1).max(256)
/** Exact values, never patterns: what a list does not name is refused. */
const oneOf = (entry: z.ZodType<string>) => z.array(entry).min(1).max(50)

/** What an admitted run may do. docs/glossary.md: grant. */
export const Grant = z.object({
  maxMinutes: z.int().min(1).max(120).default(20),
  /** Builds of one relationship that may run at once. */
  concurrency: z.int().min(1).max(100).default(4),
  egress: Egress.default('none'),
  platforms: z.array(Platform).min(1).max(2).default(['linux/amd64']),
})
export type Grant = z.infer<typeof Grant>

const shared = {
  repositoryId: DecimalId,
  /** Full paths in the repository, such as `.github/workflows/build.yml`. */
  workflowPaths: oneOf(text).optional(),
  /** `audit` decides and logs but admits nobody. */
  mode: z.enum(['enforce', 'audit']).default('enforce'),
}

/**
 * Runs of pull requests from forks, by a token of our own issuer. They never get a project's cache: the type has no
 * word for it.
 */
const ForkPullRequestRule = z.object({
  eventClass: z.literal(EventClass.enum.fork_pull_request),
  ...shared,
  baseRefs: oneOf(text).optional(),
  /** As GitHub shows them to the public: `MEMBER` only for members who made their membership public. */
  authorAssociations: oneOf(text).optional(),
  /** Channels by which the run may have been proven. What others can print into a log is not among the default. */
  proofMethods: ChannelList.default(['artifact', 'step-name']),
  /** Read by `pullRequestDemand`. */
  pullRequest: z.enum(['open', 'any']).optional(),
  grant: Grant.prefault({}),
})

/**
 * Whether the pull request must be open, also when a build starts. A rule that says nothing of it but asks for facts of
 * the pull request wants an open one: those facts change hands with the pull request.
 */
export const pullRequestDemand = ({
  pullRequest,
  baseRefs,
  authorAssociations,
}: z.infer<typeof ForkPullRequestRule>): 'open' | 'any' =>
  pullRequest ?? (baseRefs !== undefined || authorAssociations !== undefined ? 'open' : 'any')

/**
 * Runs that GitHub itself gave a token. `events` has no default that could surprise: `pull_request_target` and its like
 * run with the base repository's rights but often on a stranger's code, so a project that wants them must name them.
 */
const TrustedRule = z.object({
  eventClass: z.literal(EventClass.enum.trusted),
  ...shared,
  events: oneOf(text).default(['push', 'workflow_dispatch', 'schedule']),
  /** Full refs, such as `refs/heads/main`. */
  refs: oneOf(text).optional(),
  grant: Grant.extend({ cache: z.enum(['none', 'project']).default('none') }).prefault({}),
})

/**
 * Strict for readers too, also of stored projects: a member that a reader does not know may be a condition, and a run
 * that it was meant to keep out must not be admitted without it.
 */
export const TrustRule = strict(z.discriminatedUnion('eventClass', [ForkPullRequestRule, TrustedRule]))
export type TrustRule = z.infer<typeof TrustRule>

/** docs/glossary.md: trust relationship. */
export const TrustRelationship = z.object({ id: RelationshipId, rule: TrustRule, createdAt: z.iso.datetime() })
export type TrustRelationship = z.infer<typeof TrustRelationship>

/**
 * Who or what is denied: the numeric id of a fork, of an account, or of a base repository and a pull request's number.
 */
export const DenialKey = z
  .string()
  .regex(
    new RegExp(
      `^(?:(?:head_repository|author):${decimalIdDigits}|pull_request:${decimalIdDigits}:${decimalIdDigits})$`,
    ),
    'must be head_repository:<id>, author:<id> or pull_request:<base repository id>:<number>',
  )
  .brand<'DenialKey'>()
export type DenialKey = z.infer<typeof DenialKey>

/** A maintainer's kill switch: no relationship of the project admits such runs. docs/glossary.md: denial. */
export const Denial = z.object({
  key: DenialKey,
  /** For people; runs are not told. */
  reason: z.string().min(1).max(500),
  /** Who asked for it, as far as known. */
  by: z.string().min(1).max(100).optional(),
  createdAt: z.iso.datetime(),
})
export type Denial = z.infer<typeof Denial>
export const denialsMax = 200

/**
 * One document per project, so that a project and its relationships change together or not at all (compare-and-set on
 * its revision).
 * docs/glossary.md: project.
 */
export const Project = z.object({
  id: ProjectId,
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$/, 'must be 1 to 64 letters, digits, spaces, dots, hyphens'),
  createdAt: z.iso.datetime(),
  relationships: z.array(TrustRelationship).max(100),
  denials: z.array(Denial).max(denialsMax).default([]),
})
export type Project = z.infer<typeof Project>
