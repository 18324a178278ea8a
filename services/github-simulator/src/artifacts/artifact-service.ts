import { randomUUID } from 'node:crypto'
import type { TokenJob } from '../access/job-tokens.ts'
import { artifactContainer } from '../blobs/blob-routes.ts'
import type { SimulatorState } from '../simulator-state.ts'
import { createArtifact, finalizeArtifact, findArtifact, markArtifactDeleted } from '../store/change-artifacts.ts'
import { isArtifactListed } from '../store/lagged-reads.ts'
import { artifactsPerJobMax } from '../store/store-limits.ts'
import type { StoredArtifact } from '../store/stored-types.ts'
import type { ArtifactRequest } from './artifact-request.ts'
import { TwirpError } from './twirp-error.ts'

const uploadUrlLifetimeMs = 3_600_000
const downloadUrlLifetimeMs = 600_000

/** The methods of `github.actions.results.api.v1.ArtifactService`, for one job that showed its runtime token. */
export const artifactMethods: Record<
  string,
  (state: SimulatorState, caller: TokenJob, request: ArtifactRequest) => unknown
> = {
  CreateArtifact: createUpload,
  FinalizeArtifact: finalizeUpload,
  ListArtifacts: listArtifacts,
  GetSignedArtifactURL: signArtifactUrl,
  DeleteArtifact: removeArtifact,
}

function createUpload(state: SimulatorState, { job, run }: TokenJob, request: ArtifactRequest) {
  const name = requireName(request)
  if (findArtifact(state.store, run, job.attempt, name) !== undefined) {
    throw new TwirpError('already_exists', 'an artifact with this name already exists on the workflow run')
  }
  const own = run.artifactIds.filter(id => state.store.artifact(id).jobId === job.id)
  if (own.length >= artifactsPerJobMax) throw new TwirpError('resource_exhausted', 'too many artifacts in the job')
  const blobId = randomUUID()
  const expiresAt = request.expires_at === undefined ? undefined : Date.parse(request.expires_at)
  const input = { name, attempt: job.attempt, jobId: job.id, blobId, expiresAt, finalized: false }
  createArtifact(state.store, run, input)
  const end = state.store.now() + uploadUrlLifetimeMs
  return { ok: true, signed_upload_url: state.signedUrls.sign(artifactContainer, blobId, 'w', end) }
}

function finalizeUpload(state: SimulatorState, caller: TokenJob, request: ArtifactRequest) {
  const artifact = requireArtifact(state, caller, request)
  const blob = artifact.blobId === null ? undefined : state.blobs.get(artifact.blobId)
  if (blob === undefined) throw new TwirpError('failed_precondition', 'the artifact has not been uploaded')
  finalizeArtifact(state.store, artifact, { sizeBytes: blob.content.length, digest: request.hash ?? null })
  return { ok: true, artifact_id: String(artifact.id) }
}

function listArtifacts(state: SimulatorState, { job, run }: TokenJob, request: ArtifactRequest) {
  const { store } = state
  const attempt = run.attempts.find(candidate => candidate.number === job.attempt)
  const artifacts = run.artifactIds
    .map(id => store.artifact(id))
    .filter(artifact => artifact.attempt === job.attempt && isArtifactListed(artifact, store.now()))
    .filter(artifact => request.name_filter === undefined || artifact.name === request.name_filter)
    .filter(artifact => request.id_filter === undefined || String(artifact.id) === request.id_filter)
  return {
    artifacts: artifacts.map(artifact => ({
      workflow_run_backend_id: attempt?.backendId,
      workflow_job_run_backend_id: artifact.jobId === null ? job.backendId : state.store.job(artifact.jobId).backendId,
      database_id: String(artifact.id),
      name: artifact.name,
      size: String(artifact.sizeBytes),
      created_at: new Date(artifact.createdAt).toISOString(),
      ...(artifact.digest === null ? {} : { digest: artifact.digest }),
    })),
  }
}

function signArtifactUrl(state: SimulatorState, caller: TokenJob, request: ArtifactRequest) {
  const artifact = requireArtifact(state, caller, request)
  if (artifact.blobId === null) throw new TwirpError('not_found', 'the artifact has no content')
  const end = state.store.now() + downloadUrlLifetimeMs
  return { signed_url: state.signedUrls.sign(artifactContainer, artifact.blobId, 'r', end) }
}

function removeArtifact(state: SimulatorState, caller: TokenJob, request: ArtifactRequest) {
  const artifact = requireArtifact(state, caller, request)
  markArtifactDeleted(state.store, artifact)
  if (artifact.blobId !== null) state.blobs.delete(artifact.blobId)
  return { ok: true, artifact_id: String(artifact.id) }
}

function requireArtifact(state: SimulatorState, { job, run }: TokenJob, request: ArtifactRequest): StoredArtifact {
  const artifact = findArtifact(state.store, run, job.attempt, requireName(request))
  if (artifact === undefined) throw new TwirpError('not_found', 'no artifact of this name on the workflow run')
  return artifact
}

/** Refuses the characters that GitHub refuses in artifact names (docs/facts/github.md#artifacts). */
function requireName(request: ArtifactRequest): string {
  if (request.name === undefined || request.name === '' || /["<>:|*?\r\n\\/]/.test(request.name)) {
    throw new TwirpError('invalid_argument', 'the artifact name is empty or contains a character that is not allowed')
  }
  return request.name
}
