import { artifactContainer } from '../blobs/blob-routes.ts'
import { isArtifactListed } from '../state/lag.ts'
import type { Artifact } from '../state/model.ts'
import { type Answer, failure, idOf, notFound, ok, type RepositoryCall } from './answer.ts'
import { artifactJson } from './json/artifact-json.ts'
import { paginate } from './pagination.ts'
import { numericAddress, type RepositoryHandler } from './repository-handlers.ts'
import { inRun } from './run-handlers.ts'

const downloadUrlLifetimeMs = 60_000

/** All attempts' artifacts of the run: GitHub keeps no attempt in them (facts B1). */
export const listRunArtifacts = inRun((call, run) => {
  const { store } = call.simulation
  const name = call.query.get('name')
  const listed = run.artifactIds
    .map(id => store.artifact(id))
    .filter(artifact => isListed(call, artifact) && (name === null || artifact.name === name))
  if (call.query.get('direction') !== 'asc') listed.reverse()
  const page = paginate(listed, call.query, numericAddress(call, call.repository))
  const artifacts = page.items.map(artifact => artifactJson(store, call.links, artifact))
  return ok({ total_count: page.total, artifacts }, page.headers)
})

export const getArtifact = inArtifact((call, artifact) => ok(artifactJson(call.simulation.store, call.links, artifact)))

export const getArtifactArchive = inArtifact((call, artifact) => {
  if (!call.viewer.isAuthenticated) return failure(401, 'Requires authentication')
  if (artifact.expired || artifact.blobId === null) return failure(410, 'Artifact has expired')
  const expiresAt = call.now + downloadUrlLifetimeMs
  const location = call.simulation.signedUrls.sign(artifactContainer, artifact.blobId, 'r', expiresAt)
  return { status: 302, headers: { location } }
})

function isListed(call: RepositoryCall, artifact: Artifact): boolean {
  return isArtifactListed(artifact, call.now - call.dials.artifactListingLagMs)
}

function inArtifact(handler: (call: RepositoryCall, artifact: Artifact) => Answer): RepositoryHandler {
  return call => {
    const { store } = call.simulation
    const id = idOf(call.params['artifact'])
    const artifact = id === undefined ? undefined : store.artifacts.get(id)
    if (artifact === undefined || !isListed(call, artifact)) return notFound()
    return store.run(artifact.runId).repositoryId === call.repository.id ? handler(call, artifact) : notFound()
  }
}
