import { createArtifact, markArtifactDeleted } from '../store/change-artifacts.ts'
import type { ControlApp, ControlDeps } from './control-app.ts'
import { describeArtifact } from './describe-state.ts'
import { artifactBody, artifactPatchBody, idParams } from './request-schemas.ts'

export function registerArtifactControl(app: ControlApp, { state }: ControlDeps): void {
  const { store } = state

  app.post(
    '/_sim/runs/:id/artifacts',
    { schema: { summary: 'Create a finished artifact, without content', params: idParams, body: artifactBody } },
    (request, reply) =>
      reply.status(201).send(describeArtifact(createArtifact(store, store.run(request.params.id), request.body))),
  )
  app.patch(
    '/_sim/artifacts/:id',
    { schema: { summary: 'Expire an artifact or move its time', params: idParams, body: artifactPatchBody } },
    request => {
      const artifact = store.artifact(request.params.id)
      artifact.expired = request.body.expired ?? artifact.expired
      artifact.createdAt = request.body.createdAt ?? artifact.createdAt
      return describeArtifact(artifact)
    },
  )
  app.delete(
    '/_sim/artifacts/:id',
    { schema: { summary: 'Delete an artifact', params: idParams } },
    (request, reply) => {
      markArtifactDeleted(store, store.artifact(request.params.id))
      return reply.status(204).send()
    },
  )
}
