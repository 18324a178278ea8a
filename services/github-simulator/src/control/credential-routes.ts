import type { RestViewer } from '../access/credential-store.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { credentialBody, nameParams } from './request-schemas.ts'

export function registerCredentialControl(app: ControlApp, { state }: ControlDeps): void {
  const { credentials, limits, secondaryLimits, store } = state
  const view = (viewer: RestViewer) => ({ ...viewer, quota: limits.read(viewer, viewer.limitPerHour, store.now()) })

  app.post(
    '/_sim/credentials',
    { schema: { summary: 'Make a credential known', body: credentialBody } },
    (request, reply) => reply.status(201).send(view(credentials.add(request.body))),
  )
  app.get('/_sim/credentials', { schema: { summary: 'Known credentials, without their secrets' } }, () =>
    credentials.list().map(view),
  )
  app.delete(
    '/_sim/credentials/:name',
    { schema: { summary: 'Forget a credential', params: nameParams } },
    (request, reply) => {
      credentials.remove(request.params.name)
      return reply.status(204).send()
    },
  )
  app.delete('/_sim/quotas', { schema: { summary: 'All quotas full again' } }, (_request, reply) => {
    limits.reset()
    secondaryLimits.reset()
    return reply.status(204).send()
  })
}
