import type { AnswerLinks } from '../rest/json/answer-links.ts'
import { formatTimestamp } from '../rest/json/answer-links.ts'
import { jobJson } from '../rest/json/job-json.ts'
import { pullJson } from '../rest/json/pull-json.ts'
import { repositoryJson } from '../rest/json/repository-json.ts'
import { runJson } from '../rest/json/run-json.ts'
import { userJson } from '../rest/json/user-json.ts'
import { type GithubStore, latestAttempt } from '../store/github-store.ts'
import { encodeNodeId } from '../store/id-sequence.ts'
import type { StoreChange } from '../store/store-change.ts'
import type { StoredPullRequest, StoredRepository, StoredRun, StoredUser } from '../store/stored-types.ts'

interface WebhookPayload {
  event: 'workflow_job' | 'workflow_run' | 'pull_request'
  action: string
  repository: StoredRepository
  body: Record<string, unknown>
}

/** A job that is `pending` or `requested` has no event (docs/facts/github.md#webhooks). */
const jobActions: readonly string[] = ['queued', 'waiting', 'in_progress', 'completed']

/** The event that a change is told as, if it is one. Source: documented, `webhooks/webhook-events-and-payloads`. */
export function webhookPayload(
  store: GithubStore,
  links: AnswerLinks,
  change: StoreChange,
): WebhookPayload | undefined {
  if (change.kind === 'pull') return pullPayload(store, links, change)
  const run = change.kind === 'run' ? change.run : store.run(change.job.runId)
  const repository = store.repository(run.repositoryId)
  const common = commonMembers(store, links, repository, store.user(latestAttempt(run).triggeringActorId))
  if (change.kind === 'job') {
    const action = change.job.status
    if (!jobActions.includes(action)) return undefined
    const workflow_job = jobJson(store, links, change.job, store.now())
    return { event: 'workflow_job', action, repository, body: { action, workflow_job, ...common } }
  }
  const { action } = change
  const workflow_run = runJson(store, links, run, latestAttempt(run))
  const workflow = workflowJson(store, links, run, repository)
  return { event: 'workflow_run', action, repository, body: { action, workflow_run, workflow, ...common } }
}

function pullPayload(
  store: GithubStore,
  links: AnswerLinks,
  { pull, action, before }: Extract<StoreChange, { kind: 'pull' }>,
): WebhookPayload {
  const repository = store.repository(pull.repositoryId)
  const pull_request = pullJson(store, links, pull, pull.associationInPublic)
  const body = {
    action,
    number: pull.number,
    pull_request,
    ...commonMembers(store, links, repository, store.user(pull.authorId)),
    ...(action === 'edited' ? { changes: editedMembers(pull, before) } : {}),
    ...(action === 'synchronize' ? { before: before.headSha, after: pull.headSha } : {}),
  }
  return { event: 'pull_request', action, repository, body }
}

function editedMembers(pull: StoredPullRequest, before: Readonly<StoredPullRequest>): Record<string, unknown> {
  return {
    ...(pull.title === before.title ? {} : { title: { from: before.title } }),
    ...(pull.body === before.body ? {} : { body: { from: before.body ?? '' } }),
    ...(pull.baseBranch === before.baseBranch
      ? {}
      : { base: { ref: { from: before.baseBranch }, sha: { from: before.baseSha } } }),
  }
}

function commonMembers(store: GithubStore, links: AnswerLinks, repository: StoredRepository, sender: StoredUser) {
  const owner = store.user(repository.ownerId)
  return {
    repository: repositoryJson(store, links, repository),
    ...(owner.type === 'Organization' ? { organization: organizationJson(links, owner) } : {}),
    sender: userJson(links, sender),
  }
}

function organizationJson(links: AnswerLinks, owner: StoredUser) {
  const url = `${links.api}/orgs/${owner.login}`
  return {
    login: owner.login,
    id: owner.id,
    node_id: encodeNodeId('Organization', owner.id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${links.html}/avatars/u/${owner.id}?v=4`,
    description: null,
  }
}

function workflowJson(store: GithubStore, links: AnswerLinks, run: StoredRun, repository: StoredRepository) {
  const fullName = store.fullName(repository)
  const at = formatTimestamp(repository.createdAt)
  return {
    id: run.workflowId,
    node_id: encodeNodeId('Workflow', run.workflowId),
    name: run.name,
    path: run.path,
    state: 'active',
    created_at: at,
    updated_at: at,
    url: `${links.api}/repos/${fullName}/actions/workflows/${run.workflowId}`,
    html_url: `${links.html}/${fullName}/blob/${repository.defaultBranch}/${run.path}`,
    badge_url: `${links.html}/${fullName}/workflows/ci/badge.svg`,
  }
}
