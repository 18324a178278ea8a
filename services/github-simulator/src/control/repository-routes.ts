import { createPull, patchPull } from '../state/pulls.ts'
import {
  createRepository,
  createUser,
  deleteRepository,
  forkRepository,
  patchRepository,
} from '../state/repositories.ts'
import type { ControlApp, ControlParts } from './control-app.ts'
import {
  forkBody,
  pullBody,
  pullParams,
  pullPatchBody,
  repositoryBody,
  repositoryParams,
  repositoryPatchBody,
  userBody,
} from './schemas.ts'
import { pullView, repositoryView } from './views.ts'

const repositoryPath = '/_sim/repositories/:owner/:name'

export function registerRepositoryControl(app: ControlApp, { simulation }: ControlParts): void {
  const { store } = simulation
  const named = (params: { owner: string; name: string }) =>
    store.repositoryByFullName(`${params.owner}/${params.name}`)

  app.post('/_sim/users', { schema: { summary: 'Create a user or organization', body: userBody } }, (request, reply) =>
    reply.status(201).send(createUser(store, request.body)),
  )
  app.post(
    '/_sim/repositories',
    { schema: { summary: 'Create a repository', body: repositoryBody } },
    (request, reply) => reply.status(201).send(repositoryView(simulation, createRepository(store, request.body))),
  )
  app.get(repositoryPath, { schema: { summary: 'Read a repository', params: repositoryParams } }, request =>
    repositoryView(simulation, named(request.params)),
  )
  app.patch(
    repositoryPath,
    { schema: { summary: 'Rename, transfer or hide', params: repositoryParams, body: repositoryPatchBody } },
    request => repositoryView(simulation, patchRepository(store, named(request.params), request.body)),
  )
  app.delete(repositoryPath, { schema: { summary: 'Delete', params: repositoryParams } }, (request, reply) => {
    deleteRepository(store, named(request.params))
    return reply.status(204).send()
  })
  app.post(
    `${repositoryPath}/forks`,
    { schema: { summary: 'Fork', params: repositoryParams, body: forkBody } },
    (request, reply) =>
      reply.status(201).send(repositoryView(simulation, forkRepository(store, named(request.params), request.body))),
  )
  app.post(
    `${repositoryPath}/pulls`,
    { schema: { summary: 'Open a pull request', params: repositoryParams, body: pullBody } },
    (request, reply) =>
      reply.status(201).send(pullView(simulation, createPull(store, named(request.params), request.body))),
  )
  app.patch(
    `${repositoryPath}/pulls/:number`,
    { schema: { summary: 'Change a pull request; a new headSha is a push', params: pullParams, body: pullPatchBody } },
    request => {
      const pull = store.pull(named(request.params).id, request.params.number)
      return pullView(simulation, patchPull(store, pull, request.body))
    },
  )
}
