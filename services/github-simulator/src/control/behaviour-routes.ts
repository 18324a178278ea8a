import { behaviourSchema } from '../behaviour/simulated-behaviour.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { repositoryParams } from './request-schemas.ts'
import { withoutUndefined } from './without-undefined.ts'

const repositoryBehaviour = '/_sim/repositories/:owner/:name/dials'

export function registerBehaviourControl(app: ControlApp, { state }: ControlDeps): void {
  const { behaviour, store, counters } = state

  app.get('/_sim/dials', { schema: { summary: 'How this GitHub behaves: delays and faults' } }, () => behaviour.read())
  app.put(
    '/_sim/dials',
    { schema: { summary: 'Change the named settings of behaviour; the others stay', body: behaviourSchema.partial() } },
    request => {
      behaviour.set(behaviourSchema.parse({ ...behaviour.read(), ...request.body }))
      return behaviour.read()
    },
  )
  app.delete('/_sim/dials', { schema: { summary: 'No delay and no fault any more, for repositories neither' } }, () => {
    behaviour.reset()
    return behaviour.read()
  })
  app.get(
    repositoryBehaviour,
    { schema: { summary: 'What a repository has instead of the general behaviour', params: repositoryParams } },
    request => behaviour.override(repositoryOf(request.params).id),
  )
  app.put(
    repositoryBehaviour,
    {
      schema: {
        summary: 'Replace what a repository has instead of the general behaviour',
        params: repositoryParams,
        body: behaviourSchema.partial(),
      },
    },
    request => {
      const { id } = repositoryOf(request.params)
      behaviour.setOverride(id, withoutUndefined(request.body))
      return behaviour.override(id)
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
