import { createPull, patchPull } from '../store/change-pulls.ts'
import {
  createRepository,
  createUser,
  deleteRepository,
  forkRepository,
  patchRepository,
} from '../store/change-repositories.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { describePull, describeRepository } from './describe-state.ts'
import {
  forkBody,
  pullBody,
  pullParams,
  pullPatchBody,
  repositoryBody,
  repositoryParams,
  repositoryPatchBody,
  userBody,
} from './request-schemas.ts'

const repositoryPath = '/_sim/repositories/:owner/:name'

export function registerRepositoryControl(app: ControlApp, { state }: ControlDeps): void {
  const { store } = state
  const named = (params: { owner: string; name: string }) =>
    store.repositoryByFullName(`${params.owner}/${params.name}`)

  app.post('/_sim/users', { schema: { summary: 'Create a user or organization', body: userBody } }, (request, reply) =>
    reply.status(201).send(createUser(store, request.body)),
  )
  app.post(
    '/_sim/repositories',
    { schema: { summary: 'Create a repository', body: repositoryBody } },
    (request, reply) => reply.status(201).send(describeRepository(state, createRepository(store, request.body))),
  )
  app.get(repositoryPath, { schema: { summary: 'Read a repository', params: repositoryParams } }, request =>
    describeRepository(state, named(request.params)),
  )
  app.patch(
    repositoryPath,
    { schema: { summary: 'Rename, transfer or hide', params: repositoryParams, body: repositoryPatchBody } },
    request => describeRepository(state, patchRepository(store, named(request.params), request.body)),
  )
  app.delete(repositoryPath, { schema: { summary: 'Delete', params: repositoryParams } }, (request, reply) => {
    deleteRepository(store, named(request.params))
    return reply.status(204).send()
  })
  app.post(
    `${repositoryPath}/forks`,
    { schema: { summary: 'Fork', params: repositoryParams, body: forkBody } },
    (request, reply) =>
      reply.status(201).send(describeRepository(state, forkRepository(store, named(request.params), request.body))),
  )
  app.post(
    `${repositoryPath}/pulls`,
    { schema: { summary: 'Open a pull request', params: repositoryParams, body: pullBody } },
    (request, reply) =>
      reply.status(201).send(describePull(state, createPull(store, named(request.params), request.body))),
  )
  app.patch(
    `${repositoryPath}/pulls/:number`,
    {
      schema: {
        summary: 'Change a pull request: a new headSha is a push, a new baseBranch retargets it',
        params: pullParams,
        body: pullPatchBody,
      },
    },
    request => {
      const pull = store.pull(named(request.params).id, request.params.number)
      return describePull(state, patchPull(store, pull, request.body))
    },
  )
}
