import type { TokenJob } from '../access/job-tokens.ts'
import { gitRefs } from '../scheduling/git-refs.ts'
import type { GithubStore } from '../store/github-store.ts'

/**
 * The claims that GitHub makes about a trusted job (docs/facts/oidc.md#github-claims). Every value is a string.
 * The subject has the immutable form of repositories made since July 2026 (docs/facts/oidc.md#subject).
 */
export function nativeClaims(store: GithubStore, { job, run }: TokenJob): Record<string, string> {
  const repository = store.repository(run.repositoryId)
  const owner = store.user(repository.ownerId)
  const fullName = store.fullName(repository)
  const refs = gitRefs(store, run)
  const attempt = run.attempts.find(candidate => candidate.number === job.attempt)
  const actor = store.user(run.actorId)
  const context = run.event === 'pull_request' ? 'pull_request' : `ref:${refs.ref}`
  const workflowRef = `${fullName}/${run.path}@${refs.ref}`
  return {
    sub: `repo:${owner.login}@${owner.id}/${repository.name}@${repository.id}:${context}`,
    ref: refs.ref,
    ref_type: 'branch',
    ref_protected: 'false',
    sha: refs.sha,
    repository: fullName,
    repository_id: String(repository.id),
    repository_owner: owner.login,
    repository_owner_id: String(owner.id),
    repository_visibility: repository.visibility,
    run_id: String(run.id),
    run_number: String(run.runNumber),
    run_attempt: String(job.attempt),
    actor: actor.login,
    actor_id: String(actor.id),
    triggering_actor: store.user(attempt?.triggeringActorId ?? actor.id).login,
    workflow: run.name,
    workflow_ref: workflowRef,
    workflow_sha: refs.sha,
    job_workflow_ref: workflowRef,
    job_workflow_sha: refs.sha,
    head_ref: refs.headRef,
    base_ref: refs.baseRef,
    event_name: run.event,
    runner_environment: 'github-hosted',
    check_run_id: String(job.id),
  }
}
