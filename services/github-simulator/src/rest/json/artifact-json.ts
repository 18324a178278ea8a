import { nodeId } from '../../state/ids.ts'
import type { Artifact } from '../../state/model.ts'
import type { Store } from '../../state/store.ts'
import { type Links, timestamp } from './links.ts'

/** `artifact`. It names neither the attempt nor the job: GitHub does not (facts B1). */
export function artifactJson(store: Store, links: Links, artifact: Artifact) {
  const run = store.run(artifact.runId)
  const url = `${links.api}/repos/${store.fullName(store.repository(run.repositoryId))}/actions/artifacts/${artifact.id}`
  return {
    id: artifact.id,
    node_id: nodeId('Artifact', artifact.id),
    name: artifact.name,
    size_in_bytes: artifact.sizeBytes,
    url,
    archive_download_url: `${url}/zip`,
    expired: artifact.expired,
    digest: artifact.digest,
    created_at: timestamp(artifact.createdAt),
    updated_at: timestamp(artifact.listedAt ?? artifact.createdAt),
    expires_at: timestamp(artifact.expiresAt),
    workflow_run: {
      id: run.id,
      repository_id: run.repositoryId,
      head_repository_id: run.headRepositoryId,
      head_branch: run.headBranch,
      head_sha: run.headSha,
    },
  }
}
