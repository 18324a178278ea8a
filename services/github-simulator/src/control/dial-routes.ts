import { dialsSchema } from '../dials/dials.ts'
import type { ControlApp, ControlParts } from './control-app.ts'
import { repositoryParams } from './schemas.ts'

const repositoryDials = '/_sim/repositories/:owner/:name/dials'

export function registerDialControl(app: ControlApp, { simulation }: ControlParts): void {
  const { dials, store, counters } = simulation

  app.get('/_sim/dials', { schema: { summary: 'Read the dials' } }, () => dials.read())
  app.put(
    '/_sim/dials',
    { schema: { summary: 'Turn the named dials; the others stay', body: dialsSchema.partial() } },
    request => {
      dials.set(dialsSchema.parse({ ...dials.read(), ...request.body }))
      return dials.read()
    },
  )
  app.delete('/_sim/dials', { schema: { summary: 'All dials back to neutral, those of repositories too' } }, () => {
    dials.reset()
    return dials.read()
  })
  app.get(repositoryDials, { schema: { summary: "A repository's own dials", params: repositoryParams } }, request =>
    dials.override(repositoryOf(request.params).id),
  )
  app.put(
    repositoryDials,
    { schema: { summary: "Replace a repository's own dials", params: repositoryParams, body: dialsSchema.partial() } },
    request => {
      const { id } = repositoryOf(request.params)
      const given = Object.entries(request.body).filter(([, value]) => value !== undefined)
      dials.setOverride(id, Object.fromEntries(given))
      return dials.override(id)
    },
  )
  app.get('/_sim/requests', { schema: { summary: 'Requests per surface, route and credential' } }, () =>
    counters.report(),
  )
  app.delete('/_sim/requests', { schema: { summary: 'Counters back to zero; quotas stay' } }, (_request, reply) => {
    counters.reset()
    return reply.status(204).send()
  })

  function repositoryOf(params: { owner: string; name: string }) {
    return store.repositoryByFullName(`${params.owner}/${params.name}`)
  }
}
