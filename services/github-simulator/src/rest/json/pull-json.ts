import type { GithubStore } from '../../store/github-store.ts'
import { encodeNodeId } from '../../store/id-sequence.ts'
import type { AuthorAssociation, StoredPullRequest } from '../../store/stored-types.ts'
import { type AnswerLinks, formatTimestamp } from './answer-links.ts'
import { repositoryJson } from './repository-json.ts'
import { userJson } from './user-json.ts'

/**
 * `pull-request-simple` of GitHub's OpenAPI: an entry of a list, and the `pull_request` of an event
 * (docs/facts/github.md#event-file).
 */
export function pullSimpleJson(
  store: GithubStore,
  links: AnswerLinks,
  pull: StoredPullRequest,
  association: AuthorAssociation,
) {
  const base = store.repository(pull.repositoryId)
  const head = store.repositories.get(pull.headRepositoryId)
  const fullName = store.fullName(base)
  const baseOwner = store.user(base.ownerId)
  const headOwner = store.userByLogin(pull.headOwnerLogin)
  return {
    ...pullUrls(links, fullName, pull),
    id: pull.id,
    node_id: encodeNodeId('PullRequest', pull.id),
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user: userJson(links, store.user(pull.authorId)),
    body: pull.body,
    created_at: formatTimestamp(pull.createdAt),
    updated_at: formatTimestamp(pull.updatedAt),
    closed_at: pull.state === 'closed' ? formatTimestamp(pull.updatedAt) : null,
    merged_at: pull.mergedAt === null ? null : formatTimestamp(pull.mergedAt),
    merge_commit_sha: pull.mergeSha,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    labels: [],
    milestone: null,
    draft: pull.draft,
    head: {
      label: `${pull.headOwnerLogin}:${pull.headBranch}`,
      ref: pull.headBranch,
      sha: pull.headSha,
      user: headOwner === undefined ? null : userJson(links, headOwner),
      // Null once the fork is gone (docs/facts/github.md#event-file).
      repo: head === undefined ? null : repositoryJson(store, links, head),
    },
    base: {
      label: `${baseOwner.login}:${pull.baseBranch}`,
      ref: pull.baseBranch,
      sha: pull.baseSha,
      user: userJson(links, baseOwner),
      repo: repositoryJson(store, links, base),
    },
    author_association: association,
    auto_merge: null,
    active_lock_reason: null,
  }
}

/** `pull-request` of GitHub's OpenAPI: the answer of its own address. */
export function pullJson(
  store: GithubStore,
  links: AnswerLinks,
  pull: StoredPullRequest,
  association: AuthorAssociation,
) {
  return {
    ...pullSimpleJson(store, links, pull, association),
    merged: pull.mergedAt !== null,
    mergeable: true,
    rebaseable: true,
    mergeable_state: 'clean',
    merged_by: pull.mergedAt === null ? null : userJson(links, store.user(store.repository(pull.repositoryId).ownerId)),
    comments: 0,
    review_comments: 0,
    maintainer_can_modify: true,
    commits: 1,
    additions: 1,
    deletions: 0,
    changed_files: 1,
  }
}

function pullUrls(links: AnswerLinks, fullName: string, pull: StoredPullRequest) {
  const repository = `${links.api}/repos/${fullName}`
  const url = `${repository}/pulls/${pull.number}`
  const issue = `${repository}/issues/${pull.number}`
  const html = `${links.html}/${fullName}/pull/${pull.number}`
  const urls = {
    html_url: html,
    issue_url: issue,
    comments_url: `${issue}/comments`,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${repository}/pulls/comments{/number}`,
    statuses_url: `${repository}/statuses/${pull.headSha}`,
  }
  return {
    url,
    ...urls,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    _links: {
      self: { href: url },
      html: { href: html },
      issue: { href: issue },
      comments: { href: urls.comments_url },
      review_comments: { href: urls.review_comments_url },
      review_comment: { href: urls.review_comment_url },
      commits: { href: urls.commits_url },
      statuses: { href: urls.statuses_url },
    },
  }
}
