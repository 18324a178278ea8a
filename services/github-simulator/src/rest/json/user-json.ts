import { encodeNodeId } from '../../store/id-sequence.ts'
import type { StoredUser } from '../../store/stored-types.ts'
import type { AnswerLinks } from './answer-links.ts'

/** `simple-user` of GitHub's OpenAPI. */
export function userJson(links: AnswerLinks, user: StoredUser) {
  const url = `${links.api}/users/${user.login}`
  return {
    login: user.login,
    id: user.id,
    node_id: encodeNodeId(user.type, user.id),
    avatar_url: `${links.html}/avatars/u/${user.id}?v=4`,
    gravatar_id: '',
    url,
    html_url: `${links.html}/${user.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: user.type,
    user_view_type: 'public',
    site_admin: false,
  }
}
