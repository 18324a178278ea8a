import { createArtifact, deleteArtifact } from '../state/artifacts.ts'
import type { ControlApp, ControlParts } from './control-app.ts'
import { artifactBody, artifactPatchBody, idParams } from './schemas.ts'
import { artifactView } from './views.ts'

export function registerArtifactControl(app: ControlApp, { simulation }: ControlParts): void {
  const { store } = simulation

  app.post(
    '/_sim/runs/:id/artifacts',
    { schema: { summary: 'Create a finished artifact, without content', params: idParams, body: artifactBody } },
    (request, reply) =>
      reply.status(201).send(artifactView(createArtifact(store, store.run(request.params.id), request.body))),
  )
  app.patch(
    '/_sim/artifacts/:id',
    { schema: { summary: 'Expire an artifact or move its time', params: idParams, body: artifactPatchBody } },
    request => {
      const artifact = store.artifact(request.params.id)
      artifact.expired = request.body.expired ?? artifact.expired
      artifact.createdAt = request.body.createdAt ?? artifact.createdAt
      return artifactView(artifact)
    },
  )
  app.delete(
    '/_sim/artifacts/:id',
    { schema: { summary: 'Delete an artifact', params: idParams } },
    (request, reply) => {
      deleteArtifact(store, store.artifact(request.params.id))
      return reply.status(204).send()
    },
  )
}
