import type { Simulation } from '../simulation.ts'
import { currentSnapshot } from '../state/jobs.ts'
import type { Artifact, Job, PullRequest, Repository, Run } from '../state/model.ts'
import { isForkRun, latestAttempt } from '../state/store.ts'

/** The control API's own form of the state: plain names, no lag, times as RFC 3339 with milliseconds. */
export function repositoryView(simulation: Simulation, repository: Repository) {
  const { store } = simulation
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

export function pullView(simulation: Simulation, pull: PullRequest) {
  const { createdAt, updatedAt, ...fields } = pull
  const base = simulation.store.repositories.get(pull.repositoryId)
  const repository = base === undefined ? null : simulation.store.fullName(base)
  return { ...fields, repository, createdAt: iso(createdAt), updatedAt: iso(updatedAt) }
}

export function runView(simulation: Simulation, run: Run) {
  const { store } = simulation
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
    attempt: attempt.number,
    status: attempt.status,
    conclusion: attempt.conclusion,
    createdAt: iso(run.createdAt),
    startedAt: iso(attempt.startedAt),
    jobs: attempt.jobIds.map(id => jobView(store.job(id))),
    artifacts: run.artifactIds.map(id => artifactView(store.artifact(id))),
  }
}

export function jobView(job: Job) {
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

export function artifactView(artifact: Artifact) {
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
export function logView(simulation: Simulation, run: Run) {
  const jobs = latestAttempt(run).jobIds.map(id => simulation.store.job(id))
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
