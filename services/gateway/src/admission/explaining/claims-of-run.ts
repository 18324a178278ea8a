import type { AdmittedRun } from '@forkproof/contracts/access'
import { AppError } from '@forkproof/contracts/errors'
import type { RunFacts } from '@forkproof/contracts/facts'
import { RunAttempt } from '@forkproof/contracts/ids'
import type { RunInspection } from '@forkproof/contracts/inspection'
import type { RunClaims } from '../run-claims.ts'

type RunningRun = Extract<RunInspection, { outcome: 'running' }>

/**
 * Events whose run stands on a branch or tag of its own; a pull request's ref is the merge ref, which the run does
 * not name.
 */
const eventsOnBranches = ['push', 'workflow_dispatch', 'schedule']

/**
 * What a token for this run would say, as far as the run shows it. A tag looks like a branch of that name here, so
 * a rule on `refs` can come out otherwise with the token itself.
 */
export function claimsOfRun(
  { repository, runId }: Pick<AdmittedRun, 'repository' | 'runId'>,
  { event, headRef, workflowPath, repositoryId, attempt: text, facts }: RunningRun,
): RunClaims {
  const attempt = RunAttempt.safeParse(text)
  if (!attempt.success) throw new AppError('internal_error', { cause: attempt.error })
  const run = { repository, repositoryId, runId, attempt: attempt.data }
  if (facts) {
    const { pullRequest } = facts
    return {
      eventClass: 'fork_pull_request',
      run: { eventClass: 'fork_pull_request', ...run, origin: originOf(facts) },
      workflowPath,
      ...(pullRequest?.baseRef !== undefined && { baseRef: pullRequest.baseRef }),
      ...(pullRequest?.authorAssociation !== undefined && { authorAssociation: pullRequest.authorAssociation }),
      ...(pullRequest && {
        pullRequestNumber: pullRequest.number,
        pullRequestState: pullRequest.state ?? 'open',
      }),
      // No claim was proven yet: as the Action would.
      proofMethod: 'artifact',
    }
  }
  return {
    eventClass: 'trusted',
    run: { eventClass: 'trusted', ...run },
    workflowPath,
    event,
    ...(eventsOnBranches.includes(event) && { ref: `refs/heads/${headRef}` }),
  }
}

const originOf = ({
  headRepository,
  pullRequest,
  actor,
  triggeringActor,
}: RunFacts): NonNullable<AdmittedRun['origin']> => ({
  headRepositoryId: headRepository.id,
  ...(pullRequest && { pullRequestNumber: pullRequest.number }),
  accountIds: [
    ...new Set([headRepository.ownerId, actor.id, triggeringActor.id, ...(pullRequest ? [pullRequest.author.id] : [])]),
  ],
})
