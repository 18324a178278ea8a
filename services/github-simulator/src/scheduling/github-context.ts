import type { AnswerLinks } from '../rest/json/answer-links.ts'
import { pullSimpleJson } from '../rest/json/pull-json.ts'
import { fullRepositoryJson } from '../rest/json/repository-json.ts'
import { userJson } from '../rest/json/user-json.ts'
import { isDependabotRun } from '../store/dependabot-runs.ts'
import { type GithubStore, isForkRun, latestAttempt } from '../store/github-store.ts'
import type { StoredRun } from '../store/stored-types.ts'
import { type GitRefs, gitRefs } from './git-refs.ts'

/**
 * The `github` context of a run's jobs (docs/facts/github.md#environment-of-a-job), with its `event`
 * (docs/facts/github.md#event-file). Every plain value is a string.
 */
export function githubContext(
  store: GithubStore,
  links: AnswerLinks,
  run: StoredRun,
  token: string,
): Record<string, unknown> {
  const repository = store.repository(run.repositoryId)
  const owner = store.user(repository.ownerId)
  const fullName = store.fullName(repository)
  const refs = gitRefs(store, run)
  const attempt = latestAttempt(run)
  const actor = store.user(run.actorId)
  return {
    token,
    repository: fullName,
    repository_id: String(repository.id),
    repository_owner: owner.login,
    repository_owner_id: String(owner.id),
    repositoryUrl: `git://${new URL(links.html).host}/${fullName}.git`,
    run_id: String(run.id),
    run_number: String(run.runNumber),
    run_attempt: String(attempt.number),
    retention_days: '90',
    actor: actor.login,
    actor_id: String(actor.id),
    triggering_actor: store.user(attempt.triggeringActorId).login,
    event_name: run.event,
    event: eventPayload(store, links, run, refs),
    ref: refs.ref,
    ref_name: refs.refName,
    ref_type: 'branch',
    ref_protected: 'false',
    sha: refs.sha,
    head_ref: refs.headRef,
    base_ref: refs.baseRef,
    workflow: run.name,
    workflow_ref: `${fullName}/${run.path}@${refs.ref}`,
    workflow_sha: refs.sha,
    server_url: links.html,
    api_url: links.api,
    graphql_url: `${links.api}/graphql`,
    // GitHub says `None` where a run gets no secrets; Dependabot's runs get Dependabot's own, of which there are none.
    secret_source: isForkRun(run) ? 'None' : isDependabotRun(store, run) ? 'Dependabot' : 'Actions',
  }
}

function eventPayload(store: GithubStore, links: AnswerLinks, run: StoredRun, refs: GitRefs): Record<string, unknown> {
  const repository = store.repository(run.repositoryId)
  const owner = store.user(repository.ownerId)
  const common = {
    repository: fullRepositoryJson(store, links, repository),
    sender: userJson(links, store.user(run.actorId)),
    ...(owner.type === 'Organization' ? { organization: { login: owner.login, id: owner.id } } : {}),
  }
  if (run.pullNumber === null) {
    return { ref: refs.ref, before: '0'.repeat(40), after: refs.sha, commits: [], forced: false, ...common }
  }
  const pull = store.pull(run.repositoryId, run.pullNumber)
  // Right after opening GitHub does not know yet whether and how it merges (docs/facts/github.md#event-file).
  const pull_request = {
    ...pullSimpleJson(store, links, pull, pull.associationInPublic),
    merge_commit_sha: null,
    mergeable: null,
    merged: false,
  }
  return { action: 'opened', number: pull.number, pull_request, ...common }
}
