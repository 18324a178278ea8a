import type { FastifyInstance } from 'fastify'
import type { RestViewer } from '../access/credential-store.ts'
import { serveRest } from '../rest/serve-rest.ts'
import type { SimulatorState } from '../simulator-state.ts'
import { authenticateApp } from './app-authentication.ts'
import {
  type AppHandler,
  createInstallationToken,
  getApp,
  getInstallation,
  getRepositoryInstallation,
  listInstallations,
} from './app-handlers.ts'
import type { StoredApp } from './github-apps.ts'

const appLimitPerHour = 5_000

const routes: readonly (readonly ['GET' | 'POST', string, AppHandler, string])[] = [
  ['GET', '/app', getApp, 'get-the-authenticated-app'],
  ['GET', '/app/installations', listInstallations, 'list-installations-for-the-authenticated-app'],
  ['GET', '/app/installations/{installation}', getInstallation, 'get-an-installation-for-the-authenticated-app'],
  [
    'POST',
    '/app/installations/{installation}/access_tokens',
    createInstallationToken,
    'create-an-installation-access-token-for-an-app',
  ],
  [
    'GET',
    '/repos/{owner}/{repo}/installation',
    getRepositoryInstallation,
    'get-a-repository-installation-for-the-authenticated-app',
  ],
]

/** What an App asks with its JWT (`rest/apps/apps` of GitHub's documentation). */
export async function registerAppRoutes(scope: FastifyInstance, state: SimulatorState): Promise<void> {
  // A token is asked for with a body, an empty one or none; what it says does not matter here.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, undefined))
  for (const [method, path, handler, page] of routes) {
    const url = path.replaceAll(/\{(\w+)\}/g, ':$1')
    const documentation = `https://docs.github.com/rest/apps/apps#${page}`
    scope.route({
      method,
      url,
      handler: async (request, reply) => {
        const app = await authenticateApp(state, request.headers.authorization)
        const identify = () => ('status' in app ? app : appViewer(app))
        const answer: Parameters<typeof serveRest>[1]['handler'] = call => ('status' in app ? app : handler(call, app))
        await serveRest(state, { name: `${method} ${path}`, documentation, handler: answer, identify }, request, reply)
      },
    })
  }
}

function appViewer(app: StoredApp): RestViewer {
  return {
    name: `App ${app.id}`,
    kind: 'app',
    bucket: `App ${app.id}`,
    login: null,
    isAuthenticated: true,
    limitPerHour: appLimitPerHour,
    readsPrivate: [],
    memberOf: [],
    lifetimeDays: null,
    expiresAt: null,
    installationId: null,
  }
}
