import { z } from 'zod'
import { Channel } from './claim.ts'
import { Audience, Issuer } from './ids.ts'

const id = z.string().regex(/^[1-9][0-9]{0,15}$/)

/** Claims of the ID token, in the shape of facts oidc A "Reference documents". Every id is a string, `aud` is single. */
export const IdTokenClaims = z.strictObject({
  iss: Issuer,
  sub: z.string().regex(/^repo_id:[1-9][0-9]{0,15}:fork_pull_request$/),
  aud: Audience,
  iat: z.int(),
  nbf: z.int(),
  exp: z.int(),
  jti: z.uuid(),
  event_name: z.literal('pull_request'),
  repository: z.string(),
  repository_id: id,
  repository_owner: z.string(),
  repository_owner_id: id,
  repository_visibility: z.literal('public'),
  head_repository: z.string(),
  head_repository_id: id,
  head_repository_owner: z.string(),
  head_repository_owner_id: id,
  head_sha: z.string(),
  head_ref: z.string(),
  base_ref: z.string().optional(),
  base_sha: z.string().optional(),
  pull_request_number: id.optional(),
  pr_author_id: id.optional(),
  author_association: z.string().optional(),
  run_id: id,
  run_number: id,
  run_attempt: id,
  job_id: id.optional(),
  check_run_id: id.optional(),
  workflow: z.string(),
  workflow_path: z.string(),
  actor: z.string(),
  actor_id: id,
  triggering_actor: z.string(),
  triggering_actor_id: id,
  proof_method: Channel,
})
export type IdTokenClaims = z.infer<typeof IdTokenClaims>

/**
 * Stable per base repository and event class, immutable, and in a namespace that GitHub never uses: a trust policy written for GitHub's
 * `repo:o/r:pull_request` can not match it by accident (facts oidc A 8).
 */
export const forkPullRequestSubject = (repositoryId: string): string => `repo_id:${repositoryId}:fork_pull_request`
