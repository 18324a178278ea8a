import type { SimulatorState } from '../simulator-state.ts'
import { currentSnapshot } from '../store/change-jobs.ts'
import { isRestrictedRun } from '../store/dependabot-runs.ts'
import { isForkRun, latestAttempt } from '../store/github-store.ts'
import type {
  StoredArtifact,
  StoredJob,
  StoredPullRequest,
  StoredRepository,
  StoredRun,
} from '../store/stored-types.ts'

/** The control API's JSON of the store: plain names, no lag, times as RFC 3339 with milliseconds. */
export function describeRepository(state: SimulatorState, repository: StoredRepository) {
  const { store } = state
  return {
    id: repository.id,
    fullName: store.fullName(repository),
    ownerId: repository.ownerId,
    visibility: repository.visibility,
    defaultBranch: repository.defaultBranch,
    parentId: repository.parentId,
    readers: repository.readers,
  }
}

export function describePull(state: SimulatorState, pull: StoredPullRequest) {
  const { createdAt, updatedAt, mergedAt, ...fields } = pull
  const base = state.store.repositories.get(pull.repositoryId)
  const repository = base === undefined ? null : state.store.fullName(base)
  return { ...fields, repository, isMerged: mergedAt !== null, createdAt: iso(createdAt), updatedAt: iso(updatedAt) }
}

export function describeRun(state: SimulatorState, run: StoredRun) {
  const { store } = state
  const attempt = latestAttempt(run)
  const repository = store.repositories.get(run.repositoryId)
  const head = store.repositories.get(run.headRepositoryId)
  return {
    id: run.id,
    repository: repository === undefined ? null : store.fullName(repository),
    repositoryId: run.repositoryId,
    headRepository: head === undefined ? null : store.fullName(head),
    headRepositoryId: run.headRepositoryId,
    headBranch: run.headBranch,
    headSha: run.headSha,
    event: run.event,
    path: run.path,
    name: run.name,
    displayTitle: run.displayTitle,
    runNumber: run.runNumber,
    pullRequest: run.pullNumber,
    isFork: isForkRun(run),
    isRestricted: isRestrictedRun(store, run),
    attempt: attempt.number,
    status: attempt.status,
    conclusion: attempt.conclusion,
    createdAt: iso(run.createdAt),
    startedAt: iso(attempt.startedAt),
    jobs: attempt.jobIds.map(id => describeJob(store.job(id))),
    artifacts: run.artifactIds.map(id => describeArtifact(store.artifact(id))),
  }
}

export function describeJob(job: StoredJob) {
  return {
    id: job.id,
    runId: job.runId,
    attempt: job.attempt,
    key: job.key,
    name: job.name,
    status: job.status,
    conclusion: job.conclusion,
    hiddenId: job.hiddenId,
    runnerName: job.runnerName,
    startedAt: iso(job.startedAt),
    completedAt: job.completedAt === null ? null : iso(job.completedAt),
    steps: job.steps.map(step => {
      const { name, status, conclusion } = currentSnapshot(step)
      return { number: step.number, name, status, conclusion, webId: step.webId }
    }),
  }
}

export function describeArtifact(artifact: StoredArtifact) {
  const { blobId: _blobId, listedAt, deletedAt, createdAt, expiresAt, ...fields } = artifact
  return {
    ...fields,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    isFinalized: listedAt !== null,
    isDeleted: deletedAt !== null,
  }
}

/** All lines of the run's latest attempt, in the order in which they were written. */
export function describeLog(state: SimulatorState, run: StoredRun) {
  const jobs = latestAttempt(run).jobIds.map(id => state.store.job(id))
  const lines = jobs.flatMap(job => {
    const names = new Map(job.steps.map(step => [step.number, currentSnapshot(step).name]))
    return job.log.map(entry => ({
      at: iso(entry.at),
      jobId: job.id,
      jobName: job.name,
      step: entry.step,
      stepName: names.get(entry.step) ?? null,
      line: entry.line,
    }))
  })
  return {
    runId: run.id,
    attempt: latestAttempt(run).number,
    lines: lines.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
