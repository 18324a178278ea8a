import { accessPolicySchema } from '../access/access-policies.ts'
import { ensureUser } from '../store/change-repositories.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { ownerParams, repositoryParams } from './request-schemas.ts'
import { withoutUndefined } from './without-undefined.ts'

export function registerPolicyControl(app: ControlApp, { state }: ControlDeps): void {
  const { policies, store } = state
  const body = accessPolicySchema.partial()

  app.put(
    '/_sim/owners/:owner/policy',
    { schema: { summary: 'Replace what an owner demands of those who read', params: ownerParams, body } },
    request => {
      policies.setForOwner(ensureUser(store, request.params.owner).id, withoutUndefined(request.body))
      return request.body
    },
  )
  app.put(
    '/_sim/repositories/:owner/:name/policy',
    {
      schema: {
        summary: "Replace what a repository has instead of its owner's policy",
        params: repositoryParams,
        body,
      },
    },
    request => {
      const repository = store.repositoryByFullName(`${request.params.owner}/${request.params.name}`)
      policies.setForRepository(repository.id, withoutUndefined(request.body))
      return policies.read(store, repository)
    },
  )
}
