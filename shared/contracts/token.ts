import { z } from 'zod'
import { Channel } from './channels.ts'
import { Audience, DecimalId, Issuer } from './ids.ts'
import { TokenSubject } from './token-subject.ts'

/**
 * Claims of the ID token, shaped as relying parties expect (docs/facts/oidc.md#claims). Every id is a string, and `aud`
 * is single. docs/glossary.md: ID token.
 */
export const IdTokenClaims = z.object({
  iss: Issuer,
  sub: TokenSubject,
  aud: Audience,
  iat: z.int(),
  nbf: z.int(),
  exp: z.int(),
  jti: z.uuid(),
  event_name: z.literal('pull_request'),
  repository: z.string(),
  repository_id: DecimalId,
  repository_owner: z.string(),
  repository_owner_id: DecimalId,
  repository_visibility: z.literal('public'),
  head_repository: z.string(),
  head_repository_id: DecimalId,
  head_repository_owner: z.string(),
  head_repository_owner_id: DecimalId,
  head_sha: z.string(),
  head_ref: z.string(),
  base_ref: z.string().exactOptional(),
  base_sha: z.string().exactOptional(),
  pull_request_number: DecimalId.exactOptional(),
  pr_author_id: DecimalId.exactOptional(),
  author_association: z.string().exactOptional(),
  pull_request_state: z.enum(['open', 'closed']).exactOptional(),
  /** When what is said of the pull request was true, in seconds since the epoch: it can change while a run goes on. */
  pull_request_read_at: z.int().exactOptional(),
  run_id: DecimalId,
  run_number: DecimalId,
  run_attempt: DecimalId,
  job_id: DecimalId.exactOptional(),
  check_run_id: DecimalId.exactOptional(),
  workflow: z.string(),
  workflow_path: z.string(),
  actor: z.string(),
  actor_id: DecimalId,
  triggering_actor: z.string(),
  triggering_actor_id: DecimalId,
  proof_method: Channel,
})
export type IdTokenClaims = z.infer<typeof IdTokenClaims>
