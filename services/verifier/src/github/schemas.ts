import { RepositoryName } from '@forkproof/contracts/ids'
import { z } from 'zod'

/**
 * Just what the checks need of GitHub's answers (facts D). Anything missing or of another type makes the whole answer malformed: a check
 * never runs on a default.
 */
const id = z.int().positive()
const text = z.string()
const time = z.iso.datetime({ offset: true }).transform(value => Date.parse(value))
const Account = z.object({ id, login: text.min(1) })
const Sha = text.regex(/^[0-9a-f]{40,64}$/)

const MinimalRepository = z.object({
  id,
  full_name: RepositoryName,
  private: z.boolean(),
  visibility: text.optional(),
  owner: Account,
})

export const WorkflowRun = z.object({
  id,
  name: text.nullish(),
  head_branch: text.nullable(),
  head_sha: Sha,
  path: text.min(1),
  display_title: text,
  run_number: id,
  run_attempt: id,
  event: text,
  status: text,
  conclusion: text.nullable(),
  run_started_at: time,
  actor: Account,
  triggering_actor: Account,
  repository: MinimalRepository,
  // Null once the fork is deleted, although the OpenAPI says otherwise (facts D1).
  head_repository: MinimalRepository.nullable(),
})
export type WorkflowRun = z.infer<typeof WorkflowRun>

const Step = z.object({
  name: text,
  status: text,
  number: z.int(),
  started_at: time.nullish(),
})

export const Job = z.object({
  id,
  run_id: id,
  run_attempt: id,
  head_sha: Sha,
  status: text,
  completed_at: time.nullable(),
  steps: z.array(Step).default([]),
})
export type Job = z.infer<typeof Job>
export const JobPage = z.object({ total_count: z.int().min(0), jobs: z.array(Job) })

export const Artifact = z.object({
  id,
  name: text,
  expired: z.boolean(),
  created_at: time.nullable(),
  workflow_run: z.object({ id: id.optional(), repository_id: id.optional(), head_sha: text.optional() }).nullish(),
})
export type Artifact = z.infer<typeof Artifact>
export const ArtifactPage = z.object({ total_count: z.int().min(0), artifacts: z.array(Artifact) })

export const PullRequest = z.object({
  number: id,
  title: text,
  body: text.nullable(),
  author_association: text,
  // Null when the account was deleted.
  user: Account.nullable(),
  head: z.object({ sha: text, repo: z.object({ id }).nullable() }),
  base: z.object({ ref: text, sha: text, repo: z.object({ id }) }),
})
export type PullRequest = z.infer<typeof PullRequest>
export const PullRequestList = z.array(PullRequest)
