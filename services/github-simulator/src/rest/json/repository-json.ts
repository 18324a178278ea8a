import type { GithubStore } from '../../store/github-store.ts'
import { encodeNodeId } from '../../store/id-sequence.ts'
import type { StoredRepository } from '../../store/stored-types.ts'
import { type AnswerLinks, formatTimestamp } from './answer-links.ts'
import { userJson } from './user-json.ts'

const templatedPaths = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
} as const

/** `minimal-repository`: what stands inside runs. */
export function minimalRepositoryJson(store: GithubStore, links: AnswerLinks, repository: StoredRepository) {
  const fullName = store.fullName(repository)
  const url = `${links.api}/repos/${fullName}`
  const urls = Object.fromEntries(Object.entries(templatedPaths).map(([name, path]) => [name, url + path]))
  return {
    id: repository.id,
    node_id: encodeNodeId('Repository', repository.id),
    name: repository.name,
    full_name: fullName,
    private: repository.visibility === 'private',
    owner: userJson(links, store.user(repository.ownerId)),
    html_url: `${links.html}/${fullName}`,
    description: repository.description,
    fork: repository.parentId !== null,
    url,
    ...urls,
  }
}

/** `repository`: what stands inside pull requests. */
export function repositoryJson(store: GithubStore, links: AnswerLinks, repository: StoredRepository) {
  const minimal = minimalRepositoryJson(store, links, repository)
  const forks = store.forkCounts.get(repository.id) ?? 0
  return {
    ...minimal,
    git_url: `git://${new URL(links.html).host}/${minimal.full_name}.git`,
    ssh_url: `git@${new URL(links.html).hostname}:${minimal.full_name}.git`,
    clone_url: `${minimal.html_url}.git`,
    svn_url: minimal.html_url,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    forks_count: forks,
    forks,
    stargazers_count: 0,
    watchers_count: 0,
    watchers: 0,
    size: 1,
    open_issues_count: 0,
    open_issues: 0,
    default_branch: repository.defaultBranch,
    is_template: false,
    topics: [],
    has_issues: true,
    has_projects: true,
    has_wiki: true,
    has_pages: false,
    has_downloads: true,
    has_discussions: false,
    archived: false,
    disabled: false,
    allow_forking: true,
    web_commit_signoff_required: false,
    visibility: repository.visibility,
    pushed_at: formatTimestamp(repository.updatedAt),
    created_at: formatTimestamp(repository.createdAt),
    updated_at: formatTimestamp(repository.updatedAt),
  }
}

/** `full-repository`: the answer of the repository's own address. */
export function fullRepositoryJson(store: GithubStore, links: AnswerLinks, repository: StoredRepository) {
  const own = repositoryJson(store, links, repository)
  const parent = repository.parentId === null ? undefined : store.repositories.get(repository.parentId)
  const family = parent === undefined ? {} : { parent: repositoryJson(store, links, parent) }
  return {
    ...own,
    ...family,
    ...(parent === undefined ? {} : { source: family.parent }),
    temp_clone_token: null,
    network_count: own.forks_count,
    subscribers_count: 0,
  }
}
