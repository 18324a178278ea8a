import { artifactContainer } from '../blobs/blob-routes.ts'
import { isArtifactListed } from '../store/lagged-reads.ts'
import type { StoredArtifact } from '../store/stored-types.ts'
import { artifactJson } from './json/artifact-json.ts'
import { paginateList } from './pagination.ts'
import { numericAddress, type RepositoryHandler } from './repository-handlers.ts'
import { errorAnswer, notFoundAnswer, okAnswer, type RestAnswer } from './rest-answer.ts'
import { parseId, type RepositoryCall } from './rest-call.ts'
import { inRun } from './run-handlers.ts'

const downloadUrlLifetimeMs = 60_000

/** Artifacts of all attempts of the run: they name no attempt (docs/facts/github.md#artifacts). */
export const listRunArtifacts = inRun((call, run) => {
  const { store } = call.state
  const name = call.query.get('name')
  const listed = run.artifactIds
    .map(id => store.artifact(id))
    .filter(artifact => isListed(call, artifact) && (name === null || artifact.name === name))
  if (call.query.get('direction') !== 'asc') listed.reverse()
  const page = paginateList(listed, call.query, numericAddress(call, call.repository))
  const artifacts = page.items.map(artifact => artifactJson(store, call.links, artifact))
  return okAnswer({ total_count: page.total, artifacts }, page.headers)
})

export const getArtifact = inArtifact((call, artifact) =>
  okAnswer(artifactJson(call.state.store, call.links, artifact)),
)

export const getArtifactArchive = inArtifact((call, artifact) => {
  if (!call.viewer.isAuthenticated) return errorAnswer(401, 'Requires authentication')
  if (artifact.expired || artifact.blobId === null) return errorAnswer(410, 'Artifact has expired')
  const expiresAt = call.now + downloadUrlLifetimeMs
  const location = call.state.signedUrls.sign(artifactContainer, artifact.blobId, 'r', expiresAt)
  return { status: 302, headers: { location } }
})

function isListed(call: RepositoryCall, artifact: StoredArtifact): boolean {
  return isArtifactListed(artifact, call.now - call.behaviour.artifactListingLagMs)
}

function inArtifact(handler: (call: RepositoryCall, artifact: StoredArtifact) => RestAnswer): RepositoryHandler {
  return call => {
    const { store } = call.state
    const id = parseId(call.params['artifact'])
    const artifact = id === undefined ? undefined : store.artifacts.get(id)
    if (artifact === undefined || !isListed(call, artifact)) return notFoundAnswer()
    return store.run(artifact.runId).repositoryId === call.repository.id ? handler(call, artifact) : notFoundAnswer()
  }
}
