import type { RestViewer, ViewerKind } from '../access/credential-store.ts'
import { formatTimestamp } from './json/answer-links.ts'
import { errorAnswer, type RestAnswer } from './rest-answer.ts'
import type { RepositoryCall } from './rest-call.ts'

const samlDocumentation =
  'https://docs.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/'

/** The refusal by a policy of the repository or its owner (docs/facts/github.md#policies-of-organizations). */
export function answerOfPolicy(call: RepositoryCall): RestAnswer | undefined {
  const { state, repository, viewer } = call
  const policy = state.policies.read(state.store, repository)
  const owner = state.store.user(repository.ownerId).login
  if (policy.block !== null) return blocked(call, policy.block)
  if (!viewer.isAuthenticated) return undefined
  if (policy.ipAllowList) {
    return forbidden(
      call,
      `Although you appear to have the correct authorization credentials, the \`${owner}\` organization has an IP ` +
        'allow list enabled, and your IP address is not permitted to access this resource.',
    )
  }
  if (policy.forbiddenKinds.some(kind => kind === viewer.kind)) return forbidden(call, kindRefusal(viewer.kind, owner))
  const tooOld = lifetimeRefusal(viewer, owner, policy.tokenLifetimeDaysMax)
  if (tooOld !== undefined) return forbidden(call, tooOld)
  const samlName = samlNames[viewer.kind]
  if (policy.samlSingleSignOn && samlName !== undefined && isMember(viewer, owner)) {
    const message = `Resource protected by organization SAML enforcement. You must grant your ${samlName} access to this organization.`
    const url = `${call.links.html}/orgs/${owner}/sso?authorization_request=simulated`
    return errorAnswer(403, message, { 'x-github-sso': `required; url=${url}` }, samlDocumentation)
  }
  return undefined
}

const samlNames: Partial<Record<ViewerKind, string>> = {
  classic: 'Personal Access token',
  'oauth-user': 'OAuth token',
}

const lifetimeNames: Partial<Record<ViewerKind, { name: string; page: string }>> = {
  'fine-grained': { name: 'a fine-grained personal access tokens', page: 'personal-access-tokens' },
  classic: { name: 'a personal access token (classic)', page: 'tokens' },
}

/** The words about fine-grained tokens are assumed; the others were reported (see the page above). */
function kindRefusal(kind: ViewerKind, owner: string): string {
  if (kind === 'oauth-app' || kind === 'oauth-user') {
    return (
      `Although you appear to have the correct authorization credentials, the \`${owner}\` organization has enabled ` +
      'OAuth App access restrictions, meaning that data access to third-parties is limited. For more information on ' +
      'these restrictions, including how to enable this app, visit ' +
      'https://docs.github.com/articles/restricting-access-to-your-organization-s-data/'
    )
  }
  const other = kind === 'classic' ? 'a personal access token with fine-grained permissions' : 'another kind of token'
  const token = kind === 'classic' ? 'a personal access token (classic)' : 'a fine-grained personal access token'
  return `\`${owner}\` forbids access via ${token}. Please use a GitHub App, OAuth App, or ${other}.`
}

function lifetimeRefusal(viewer: RestViewer, owner: string, daysMax: number | null): string | undefined {
  const kind = lifetimeNames[viewer.kind]
  if (kind === undefined || daysMax === null) return undefined
  if (viewer.lifetimeDays !== null && viewer.lifetimeDays <= daysMax) return undefined
  return (
    `The '${owner}' organization forbids access via ${kind.name} if the token's lifetime is greater than ${daysMax} ` +
    `days. Please adjust your token's lifetime at the following URL: https://github.com/settings/${kind.page}/1`
  )
}

export function isMember(viewer: RestViewer, organization: string): boolean {
  const wanted = organization.toLowerCase()
  return viewer.login?.toLowerCase() === wanted || viewer.memberOf.some(login => login.toLowerCase() === wanted)
}

function forbidden(call: RepositoryCall, message: string): RestAnswer {
  return errorAnswer(403, message, {}, call.documentation)
}

function blocked(call: RepositoryCall, reason: 'dmca' | 'tos'): RestAnswer {
  const block = {
    reason,
    created_at: formatTimestamp(call.repository.createdAt),
    html_url: reason === 'dmca' ? 'https://github.com/github/dmca' : 'https://github.com/tos',
  }
  return { status: reason === 'dmca' ? 451 : 403, body: { message: 'Repository access blocked', block } }
}
