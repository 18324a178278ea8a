import { type AnswerLinks, formatTimestamp } from '../rest/json/answer-links.ts'
import { userJson } from '../rest/json/user-json.ts'
import type { GithubStore } from '../store/github-store.ts'
import { encodeNodeId } from '../store/id-sequence.ts'
import type { StoredApp, StoredInstallation } from './github-apps.ts'

/** What forkproof's App asks for, and all that it needs. */
export const appPermissions = { actions: 'read', metadata: 'read', pull_requests: 'read' }
const appEvents = ['pull_request', 'workflow_job', 'workflow_run']

/** `integration` of GitHub's OpenAPI. */
export function appJson(store: GithubStore, links: AnswerLinks, app: StoredApp, installationCount: number) {
  return {
    id: app.id,
    slug: app.slug,
    node_id: encodeNodeId('App', app.id),
    client_id: app.clientId,
    owner: userJson(links, store.user(app.ownerId)),
    name: app.slug,
    description: null,
    external_url: links.html,
    html_url: `${links.html}/apps/${app.slug}`,
    created_at: formatTimestamp(app.createdAt),
    updated_at: formatTimestamp(app.createdAt),
    permissions: appPermissions,
    events: appEvents,
    installations_count: installationCount,
  }
}

/** `installation` of GitHub's OpenAPI. */
export function installationJson(
  store: GithubStore,
  links: AnswerLinks,
  app: StoredApp,
  installation: StoredInstallation,
) {
  const account = store.user(installation.accountId)
  const { suspendedAt } = installation
  return {
    id: installation.id,
    account: userJson(links, account),
    repository_selection: installation.repositoryIds === null ? 'all' : 'selected',
    access_tokens_url: `${links.api}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${links.api}/installation/repositories`,
    html_url: `${links.html}/organizations/${account.login}/settings/installations/${installation.id}`,
    app_id: app.id,
    client_id: app.clientId,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: appPermissions,
    events: appEvents,
    created_at: formatTimestamp(installation.createdAt),
    updated_at: formatTimestamp(suspendedAt ?? installation.createdAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: suspendedAt === null ? null : userJson(links, account),
    suspended_at: suspendedAt === null ? null : formatTimestamp(suspendedAt),
  }
}
