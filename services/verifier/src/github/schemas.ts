import { RepositoryName } from '@forkproof/contracts/ids'
import { z } from 'zod'

/**
 * What the checks need of GitHub's answers (docs/facts/github.md#runs, docs/facts/github.md#jobs,
 * docs/facts/github.md#artifacts). Anything missing or of another type makes the whole answer malformed: a check never
 * runs on a default.
 */
const id = z.int().positive()
const text = z.string()
const time = z.iso.datetime({ offset: true }).transform(value => Date.parse(value))
/** `type` is `User`, `Organization` or `Bot`. */
const GithubAccount = z.object({ id, login: text.min(1), type: text.optional() })
export type GithubAccount = z.infer<typeof GithubAccount>
const CommitSha = text.regex(/^[0-9a-f]{40,64}$/)

export const GithubRepository = z.object({
  id,
  full_name: RepositoryName,
  private: z.boolean(),
  visibility: text.optional(),
  owner: GithubAccount,
})
export type GithubRepository = z.infer<typeof GithubRepository>

export const GithubRun = z.object({
  id,
  name: text.nullish(),
  head_branch: text.nullable(),
  head_sha: CommitSha,
  path: text.min(1),
  display_title: text,
  run_number: id,
  run_attempt: id,
  event: text,
  status: text,
  conclusion: text.nullable(),
  /** When the event happened that made the run; a re-run keeps it. */
  created_at: time,
  run_started_at: time,
  actor: GithubAccount,
  triggering_actor: GithubAccount,
  repository: GithubRepository,
  // Null once the fork is deleted, although the OpenAPI says otherwise (docs/facts/github.md#runs).
  head_repository: GithubRepository.nullable(),
})
export type GithubRun = z.infer<typeof GithubRun>

const GithubStep = z.object({
  name: text,
  status: text,
  number: z.int(),
  started_at: time.nullish(),
})

export const GithubJob = z.object({
  id,
  run_id: id,
  run_attempt: id,
  head_sha: CommitSha,
  status: text,
  completed_at: time.nullable(),
  steps: z.array(GithubStep).default([]),
})
export type GithubJob = z.infer<typeof GithubJob>
export const GithubJobPage = z.object({ total_count: z.int().min(0), jobs: z.array(GithubJob) })

export const GithubArtifact = z.object({
  id,
  name: text,
  expired: z.boolean(),
  created_at: time.nullable(),
  workflow_run: z.object({ id: id.optional(), repository_id: id.optional(), head_sha: text.optional() }).nullish(),
})
export type GithubArtifact = z.infer<typeof GithubArtifact>
export const GithubArtifactPage = z.object({ total_count: z.int().min(0), artifacts: z.array(GithubArtifact) })

export const GithubPullRequest = z.object({
  number: id,
  state: z.enum(['open', 'closed']),
  created_at: time,
  /** The last change of anything: also a comment or a label. */
  updated_at: time,
  closed_at: time.nullable(),
  title: text,
  body: text.nullable(),
  author_association: text,
  // Null when the account was deleted.
  user: GithubAccount.nullable(),
  head: z.object({ sha: text, repo: z.object({ id }).nullable() }),
  base: z.object({ ref: text, sha: text, repo: z.object({ id }) }),
})
export type GithubPullRequest = z.infer<typeof GithubPullRequest>
export const GithubPullRequestList = z.array(GithubPullRequest)

/** One of `GET /repos/{owner}/{repo}/issues/{issue_number}/events`; pull requests are issues there. */
export const GithubIssueEvent = z.object({ event: text, created_at: time })
export type GithubIssueEvent = z.infer<typeof GithubIssueEvent>
export const GithubIssueEventList = z.array(GithubIssueEvent)
