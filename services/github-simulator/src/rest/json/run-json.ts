import type { GithubStore } from '../../store/github-store.ts'
import { encodeNodeId } from '../../store/id-sequence.ts'
import type { StoredAttempt, StoredRepository, StoredRun } from '../../store/stored-types.ts'
import { type AnswerLinks, formatTimestamp } from './answer-links.ts'
import { minimalRepositoryJson } from './repository-json.ts'
import { userJson } from './user-json.ts'

/** `workflow-run` of GitHub's OpenAPI, as of one attempt. */
export function runJson(store: GithubStore, links: AnswerLinks, run: StoredRun, attempt: StoredAttempt) {
  const repository = store.repository(run.repositoryId)
  const head = store.repositories.get(run.headRepositoryId)
  const repositoryUrl = `${links.api}/repos/${store.fullName(repository)}`
  const url = `${repositoryUrl}/actions/runs/${run.id}`
  const html = `${links.html}/${store.fullName(repository)}/actions/runs/${run.id}`
  return {
    id: run.id,
    name: run.name,
    node_id: encodeNodeId('WorkflowRun', run.id),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: run.path,
    display_title: run.displayTitle,
    run_number: run.runNumber,
    event: run.event,
    status: attempt.status,
    conclusion: attempt.conclusion,
    workflow_id: run.workflowId,
    check_suite_id: run.id + 1,
    check_suite_node_id: encodeNodeId('CheckSuite', run.id + 1),
    url,
    html_url: html,
    pull_requests: pullRequests(store, links, run, repository),
    created_at: formatTimestamp(run.createdAt),
    updated_at: formatTimestamp(attempt.updatedAt),
    actor: userJson(links, store.user(run.actorId)),
    run_attempt: attempt.number,
    referenced_workflows: [],
    run_started_at: formatTimestamp(attempt.startedAt),
    triggering_actor: userJson(links, store.user(attempt.triggeringActorId)),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${repositoryUrl}/check-suites/${run.id + 1}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: attempt.number > 1 ? `${url}/attempts/${attempt.number - 1}` : null,
    workflow_url: `${repositoryUrl}/actions/workflows/${run.workflowId}`,
    head_commit: headCommit(store, run),
    repository: minimalRepositoryJson(store, links, repository),
    // Null once the fork is gone. The OpenAPI says otherwise; this is what was seen (docs/facts/github.md#runs).
    head_repository: head === undefined ? null : minimalRepositoryJson(store, links, head),
    head_repository_id: run.headRepositoryId,
  }
}

function headCommit(store: GithubStore, run: StoredRun) {
  const name = store.user(run.actorId).login
  const person = { name, email: `${name}@users.noreply.example.com` }
  return {
    id: run.headSha,
    tree_id: run.headSha,
    message: run.displayTitle,
    timestamp: formatTimestamp(run.createdAt),
    author: person,
    committer: person,
  }
}

/** Only pull requests from the repository itself; empty for forks (docs/facts/github.md#runs). */
function pullRequests(store: GithubStore, links: AnswerLinks, run: StoredRun, repository: StoredRepository) {
  if (run.pullNumber === null || run.headRepositoryId !== run.repositoryId) return []
  const pull = store.pull(run.repositoryId, run.pullNumber)
  const url = `${links.api}/repos/${store.fullName(repository)}`
  const repo = { id: repository.id, url, name: repository.name }
  return [
    {
      id: pull.id,
      number: pull.number,
      url: `${url}/pulls/${pull.number}`,
      head: { ref: pull.headBranch, sha: pull.headSha, repo },
      base: { ref: pull.baseBranch, sha: pull.baseSha, repo },
    },
  ]
}
