import type { StoredInstallation } from '../apps/github-apps.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { appBody, idParams, installationBody, installationPatchBody } from './request-schemas.ts'

export function registerAppControl(app: ControlApp, { state }: ControlDeps): void {
  const { apps, store } = state
  const describe = ({ suspendedAt, createdAt: _createdAt, ...installation }: StoredInstallation) => ({
    ...installation,
    account: store.user(installation.accountId).login,
    isSuspended: suspendedAt !== null,
  })

  app.post(
    '/_sim/apps',
    { schema: { summary: 'Register a GitHub App; a private key that is made here is told once', body: appBody } },
    (request, reply) => {
      const { app: made, privateKey } = apps.register(request.body)
      return reply.status(201).send({ id: made.id, slug: made.slug, clientId: made.clientId, privateKey })
    },
  )
  app.post(
    '/_sim/apps/:id/installations',
    { schema: { summary: 'Install an App', params: idParams, body: installationBody } },
    (request, reply) => reply.status(201).send(describe(apps.install(apps.app(request.params.id), request.body))),
  )
  app.patch(
    '/_sim/installations/:id',
    { schema: { summary: 'Suspend an installation or let it go on', params: idParams, body: installationPatchBody } },
    request => {
      const installation = apps.installation(request.params.id)
      apps.setSuspended(installation, request.body.isSuspended)
      return describe(installation)
    },
  )
  app.delete(
    '/_sim/installations/:id',
    { schema: { summary: 'Uninstall; its tokens stop', params: idParams } },
    (request, reply) => {
      apps.uninstall(apps.installation(request.params.id))
      return reply.status(204).send()
    },
  )
  app.delete(
    '/_sim/installations/:id/tokens',
    { schema: { summary: 'Revoke all tokens of an installation', params: idParams } },
    (request, reply) => {
      apps.revokeTokens(apps.installation(request.params.id))
      return reply.status(204).send()
    },
  )
}
