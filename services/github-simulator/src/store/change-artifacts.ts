import { type GithubStore, latestAttempt } from './github-store.ts'
import { requireRoom, StateProblem } from './state-problem.ts'
import { artifactsMax, artifactsPerJobMax } from './store-limits.ts'
import type { StoredArtifact, StoredRun } from './stored-types.ts'

/** GitHub's default for public repositories. */
const retentionMs = 90 * 24 * 3_600_000

interface ArtifactInput {
  id?: number | undefined
  name: string
  attempt?: number | undefined
  jobId?: number | null | undefined
  sizeBytes?: number | undefined
  digest?: string | null | undefined
  expired?: boolean | undefined
  /** Epoch milliseconds. */
  createdAt?: number | undefined
  expiresAt?: number | undefined
  /** `false` for an upload that has only begun: no listing shows it. */
  finalized?: boolean | undefined
  blobId?: string | undefined
}

export function createArtifact(store: GithubStore, run: StoredRun, input: ArtifactInput): StoredArtifact {
  requireRoom(store.artifacts.size, artifactsMax, 'artifacts')
  requireRoom(run.artifactIds.length, artifactsPerJobMax * 20, 'artifacts in a run')
  const attempt = input.attempt ?? latestAttempt(run).number
  const now = store.now()
  const createdAt = input.createdAt ?? now
  const artifact: StoredArtifact = {
    id: store.takeId('artifact', input.id),
    runId: run.id,
    attempt,
    jobId: input.jobId ?? null,
    name: input.name,
    sizeBytes: input.sizeBytes ?? 0,
    digest: input.digest ?? null,
    expired: input.expired ?? false,
    createdAt,
    expiresAt: input.expiresAt ?? createdAt + retentionMs,
    listedAt: null,
    deletedAt: null,
    blobId: input.blobId ?? null,
  }
  store.artifacts.set(artifact.id, artifact)
  run.artifactIds.push(artifact.id)
  if (input.finalized !== false) finalizeArtifact(store, artifact, {})
  return artifact
}

export function finalizeArtifact(
  store: GithubStore,
  artifact: StoredArtifact,
  content: { sizeBytes?: number; digest?: string | null },
): void {
  artifact.sizeBytes = content.sizeBytes ?? artifact.sizeBytes
  artifact.digest = content.digest ?? artifact.digest
  artifact.listedAt = store.now()
  const { id: artifactId, name, sizeBytes } = artifact
  store.feed(artifact.runId).publish(store.now(), { type: 'artifact', artifactId, name, sizeBytes })
}

export function markArtifactDeleted(store: GithubStore, artifact: StoredArtifact): void {
  if (artifact.deletedAt !== null) throw new StateProblem(404, `no artifact ${artifact.id}`)
  artifact.deletedAt = store.now()
}

/** The artifact of that name that an attempt holds, whether finished or not. */
export function findArtifact(
  store: GithubStore,
  run: StoredRun,
  attempt: number,
  name: string,
): StoredArtifact | undefined {
  return run.artifactIds
    .map(id => store.artifact(id))
    .find(artifact => artifact.attempt === attempt && artifact.name === name && artifact.deletedAt === null)
}
