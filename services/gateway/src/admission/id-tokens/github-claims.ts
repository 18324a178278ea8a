import { DecimalId, RepositoryName, RunAttempt, RunId } from '@forkproof/contracts/ids'
import { z } from 'zod'
import type { TrustedClaims } from '../run-claims.ts'

/**
 * What is used of GitHub's claims (docs/facts/oidc.md#github-claims); others come and go and are not looked at.
 * Every value is a string.
 */
const GithubClaims = z.object({
  repository: RepositoryName,
  repository_id: DecimalId,
  event_name: z.string().min(1).max(64),
  ref: z.string().max(1_024).optional(),
  workflow_ref: z.string().max(2_048).optional(),
  run_id: RunId,
  run_attempt: RunAttempt,
  actor_id: DecimalId.optional(),
})
type GithubClaims = z.infer<typeof GithubClaims>

export function githubClaims(payload: unknown): TrustedClaims | undefined {
  const parsed = GithubClaims.safeParse(payload)
  if (!parsed.success) return undefined
  const { data } = parsed
  const workflowPath = workflowPathOf(data)
  return {
    eventClass: 'trusted',
    run: {
      eventClass: 'trusted',
      repository: data.repository,
      repositoryId: data.repository_id,
      runId: data.run_id,
      attempt: data.run_attempt,
      ...(data.actor_id !== undefined && { origin: { accountIds: [data.actor_id] } }),
    },
    event: data.event_name,
    ...(data.ref !== undefined && data.ref !== '' && { ref: data.ref }),
    ...(workflowPath !== undefined && { workflowPath }),
  }
}

/**
 * `owner/repo/<path>@<ref>`. Both path and ref may hold an `@`: a file named `build.yml@x.yml` must not pass for
 * `build.yml`. So the known ref is taken off the end, and without one only an unmistakable value is read.
 */
function workflowPathOf({ workflow_ref, repository, ref }: GithubClaims): string | undefined {
  const prefix = `${repository}/`
  if (!workflow_ref?.startsWith(prefix)) return undefined
  const rest = workflow_ref.slice(prefix.length)
  if (ref && rest.endsWith(`@${ref}`)) return rest.slice(0, -ref.length - 1)
  const parts = rest.split('@')
  return parts.length === 2 ? parts[0] : undefined
}
