import { RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { IdTokenClaims } from '@forkproof/contracts/token'
import { isSubjectOf } from '@forkproof/contracts/token-subject'
import type { ForkPullRequestClaims } from '../run-claims.ts'

/**
 * A signer of the next release may write more: during an upgrade its tokens are read as far as this release knows
 * them.
 */
const KnownClaims = IdTokenClaims.strip()

/** Claims of a token of our own issuer. Every claim that is known must have the signer's shape; others are left out. */
export function ownClaims(payload: unknown): ForkPullRequestClaims | undefined {
  const parsed = KnownClaims.safeParse(payload)
  if (!parsed.success) return undefined
  const { data } = parsed
  const repository = RepositoryName.safeParse(data.repository)
  const runId = RunId.safeParse(data.run_id)
  const attempt = RunAttempt.safeParse(data.run_attempt)
  if (!repository.success || !runId.success || !attempt.success) return undefined
  // A signer's setting says which of these it names; whatever it names has to be what the claims say.
  if (!isSubjectOf(data.sub, data.repository_id, data)) return undefined
  return {
    eventClass: 'fork_pull_request',
    run: {
      eventClass: 'fork_pull_request',
      repository: repository.data,
      repositoryId: data.repository_id,
      runId: runId.data,
      attempt: attempt.data,
      origin: {
        headRepositoryId: data.head_repository_id,
        ...(data.pull_request_number !== undefined && { pullRequestNumber: data.pull_request_number }),
        accountIds: accountsOf(data),
      },
    },
    workflowPath: data.workflow_path,
    ...(data.base_ref !== undefined && { baseRef: data.base_ref }),
    ...(data.author_association !== undefined && { authorAssociation: data.author_association }),
    ...(data.pull_request_number !== undefined && { pullRequestNumber: data.pull_request_number }),
    ...(data.pull_request_state !== undefined && { pullRequestState: data.pull_request_state }),
    proofMethod: data.proof_method,
  }
}

const accountsOf = (claims: IdTokenClaims): string[] => {
  const { pr_author_id: author, head_repository_owner_id: owner, actor_id: actor, triggering_actor_id: again } = claims
  return [...new Set([...(author === undefined ? [] : [author]), owner, actor, again])]
}
