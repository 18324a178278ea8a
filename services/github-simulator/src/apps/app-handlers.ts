import { formatTimestamp } from '../rest/json/answer-links.ts'
import { paginateList } from '../rest/pagination.ts'
import { errorAnswer, notFoundAnswer, okAnswer, type RestAnswer } from '../rest/rest-answer.ts'
import { parseId, type RestCall } from '../rest/rest-call.ts'
import { appJson, appPermissions, installationJson } from './app-json.ts'
import type { StoredApp, StoredInstallation } from './github-apps.ts'

export type AppHandler = (call: RestCall, app: StoredApp) => RestAnswer

export function getApp(call: RestCall, app: StoredApp): RestAnswer {
  const { apps, store } = call.state
  return okAnswer(appJson(store, call.links, app, apps.installationsOf(app.id).length))
}

export function listInstallations(call: RestCall, app: StoredApp): RestAnswer {
  const { apps, store } = call.state
  const page = paginateList(apps.installationsOf(app.id), call.query, `${call.links.api}/app/installations`)
  return okAnswer(
    page.items.map(installation => installationJson(store, call.links, app, installation)),
    page.headers,
  )
}

export const getInstallation = inInstallation((call, app, installation) =>
  okAnswer(installationJson(call.state.store, call.links, app, installation)),
)

export const createInstallationToken = inInstallation((call, _app, installation) => {
  if (installation.suspendedAt !== null) return suspendedAnswer()
  const { token, expiresAt } = call.state.apps.issueToken(installation)
  const repository_selection = installation.repositoryIds === null ? 'all' : 'selected'
  const body = { token, expires_at: formatTimestamp(expiresAt), permissions: appPermissions, repository_selection }
  return { status: 201, body }
})

export function getRepositoryInstallation(call: RestCall, app: StoredApp): RestAnswer {
  const { apps, store } = call.state
  const repository = store.findRepository(call.params['owner'] ?? '', call.params['repo'] ?? '')
  const found = apps
    .installationsOf(app.id)
    .find(candidate => repository !== undefined && apps.isInstalledOn(candidate, repository))
  return found === undefined ? notFoundAnswer() : okAnswer(installationJson(store, call.links, app, found))
}

/** Source: documented, `rest/apps/apps#suspend-an-app-installation`; the message was reported. */
export function suspendedAnswer(): RestAnswer {
  return errorAnswer(403, 'This installation has been suspended')
}

function inInstallation(
  handler: (call: RestCall, app: StoredApp, installation: StoredInstallation) => RestAnswer,
): AppHandler {
  return (call, app) => {
    const id = parseId(call.params['installation'])
    const installation = id === undefined ? undefined : call.state.apps.installations.get(id)
    return installation?.appId === app.id ? handler(call, app, installation) : notFoundAnswer()
  }
}
