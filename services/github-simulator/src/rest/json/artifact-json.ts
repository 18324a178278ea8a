import type { GithubStore } from '../../store/github-store.ts'
import { encodeNodeId } from '../../store/id-sequence.ts'
import type { StoredArtifact } from '../../store/stored-types.ts'
import { type AnswerLinks, formatTimestamp } from './answer-links.ts'

/** `artifact` of GitHub's OpenAPI. It names neither the attempt nor the job (docs/facts/github.md#artifacts). */
export function artifactJson(store: GithubStore, links: AnswerLinks, artifact: StoredArtifact) {
  const run = store.run(artifact.runId)
  const url = `${links.api}/repos/${store.fullName(store.repository(run.repositoryId))}/actions/artifacts/${artifact.id}`
  return {
    id: artifact.id,
    node_id: encodeNodeId('Artifact', artifact.id),
    name: artifact.name,
    size_in_bytes: artifact.sizeBytes,
    url,
    archive_download_url: `${url}/zip`,
    expired: artifact.expired,
    digest: artifact.digest,
    created_at: formatTimestamp(artifact.createdAt),
    updated_at: formatTimestamp(artifact.listedAt ?? artifact.createdAt),
    expires_at: formatTimestamp(artifact.expiresAt),
    workflow_run: {
      id: run.id,
      repository_id: run.repositoryId,
      head_repository_id: run.headRepositoryId,
      head_branch: run.headBranch,
      head_sha: run.headSha,
    },
  }
}
