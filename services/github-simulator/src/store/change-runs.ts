import { randomUUID } from 'node:crypto'
import { moveJob } from './change-jobs.ts'
import { ensureUser } from './change-repositories.ts'
import { type GithubStore, latestAttempt } from './github-store.ts'
import { commitSha } from './id-sequence.ts'
import { jobsOf, writeRunStatus } from './run-status.ts'
import { requireRoom, StateProblem } from './state-problem.ts'
import { runsMax } from './store-limits.ts'
import type { Conclusion, RunStatus, StoredAttempt, StoredRepository, StoredRun } from './stored-types.ts'

export interface RunInput {
  id?: number | undefined
  /** Fills head repository, branch, sha, title and actor. */
  pullRequest?: number | undefined
  event?: string | undefined
  status?: RunStatus | undefined
  conclusion?: Conclusion | null | undefined
  attempt?: number | undefined
  headRepository?: string | undefined
  headBranch?: string | undefined
  headSha?: string | undefined
  path?: string | undefined
  name?: string | undefined
  displayTitle?: string | undefined
  runNumber?: number | undefined
  actor?: string | undefined
  triggeringActor?: string | undefined
  /** Epoch milliseconds. */
  createdAt?: number | undefined
  startedAt?: number | undefined
}

type RunPatch = Pick<
  RunInput,
  'event' | 'status' | 'conclusion' | 'headSha' | 'headBranch' | 'path' | 'name' | 'displayTitle' | 'startedAt'
>

export function createRun(store: GithubStore, repository: StoredRepository, input: RunInput): StoredRun {
  requireRoom(store.runs.size, runsMax, 'runs')
  const run = buildRun(store, repository, input)
  const triggeringActorId =
    input.triggeringActor === undefined ? run.actorId : ensureUser(store, input.triggeringActor).id
  const attempts = input.attempt ?? 1
  for (let number = 1; number < attempts; number += 1) {
    run.attempts.push(buildAttempt(number, 'completed', 'failure', run.createdAt, run.actorId))
  }
  const startedAt = input.startedAt ?? run.createdAt
  const status = input.status ?? 'in_progress'
  run.attempts.push(
    buildAttempt(attempts, status, conclusionFor(status, input.conclusion), startedAt, triggeringActorId),
  )
  store.runs.set(run.id, run)
  const siblings = store.runsByRepository.get(repository.id) ?? []
  siblings.push(run.id)
  store.runsByRepository.set(repository.id, siblings)
  store.announce({ kind: 'run', run, action: 'requested' })
  return run
}

function buildRun(store: GithubStore, repository: StoredRepository, input: RunInput): StoredRun {
  const pull = input.pullRequest === undefined ? undefined : store.pull(repository.id, input.pullRequest)
  const headId =
    input.headRepository === undefined
      ? (pull?.headRepositoryId ?? repository.id)
      : store.repositoryByFullName(input.headRepository).id
  const actorId = input.actor === undefined ? (pull?.authorId ?? repository.ownerId) : ensureUser(store, input.actor).id
  const path = input.path ?? '.github/workflows/ci.yml'
  return {
    id: store.takeId('run', input.id),
    repositoryId: repository.id,
    headRepositoryId: headId,
    headBranch: input.headBranch ?? pull?.headBranch ?? repository.defaultBranch,
    headSha: input.headSha ?? pull?.headSha ?? commitSha(`base ${repository.id}`),
    event: input.event ?? (pull === undefined ? 'push' : 'pull_request'),
    path,
    name: input.name ?? 'ci',
    displayTitle: input.displayTitle ?? pull?.title ?? 'Run of the default branch',
    workflowId: store.takeId('workflow'),
    runNumber: input.runNumber ?? (store.runsByRepository.get(repository.id)?.length ?? 0) + 1,
    actorId,
    pullNumber: pull?.number ?? null,
    createdAt: input.createdAt ?? store.now(),
    attempts: [],
    artifactIds: [],
  }
}

function buildAttempt(
  number: number,
  status: RunStatus,
  conclusion: Conclusion | null,
  startedAt: number,
  triggeringActorId: number,
): StoredAttempt {
  const backendId = randomUUID()
  return {
    number,
    status,
    conclusion,
    startedAt,
    updatedAt: startedAt,
    triggeringActorId,
    backendId,
    jobIds: [],
    isStarted: status === 'in_progress',
    hasJobsToCome: false,
  }
}

/** A finished run has a conclusion and any other has none, whatever was asked for. */
function conclusionFor(status: RunStatus, conclusion: Conclusion | null | undefined): Conclusion | null {
  return status === 'completed' ? (conclusion ?? 'success') : null
}

export function patchRun(store: GithubStore, run: StoredRun, patch: RunPatch): StoredRun {
  run.event = patch.event ?? run.event
  run.headSha = patch.headSha ?? run.headSha
  run.headBranch = patch.headBranch ?? run.headBranch
  run.path = patch.path ?? run.path
  run.name = patch.name ?? run.name
  run.displayTitle = patch.displayTitle ?? run.displayTitle
  const attempt = latestAttempt(run)
  attempt.startedAt = patch.startedAt ?? attempt.startedAt
  if (patch.status !== undefined || patch.conclusion !== undefined) {
    setRunStatus(store, run, patch.status ?? attempt.status, patch.conclusion)
  }
  return run
}

/**
 * Moves the run and, since its status follows from them, its jobs: those that are not over, or all if all are. A run
 * without jobs has a status of its own.
 */
export function setRunStatus(
  store: GithubStore,
  run: StoredRun,
  status: RunStatus,
  conclusion?: Conclusion | null,
): void {
  const attempt = latestAttempt(run)
  const jobs = jobsOf(store, attempt)
  const open = jobs.filter(job => job.status !== 'completed')
  attempt.hasJobsToCome &&= status !== 'completed'
  const moved = open.length > 0 || status === 'completed' ? open : jobs
  for (const job of moved) moveJob(store, job, { status, conclusion })
  writeRunStatus(store, run, status, conclusionFor(status, conclusion))
}

/** A re-run: same run id, next attempt, new jobs and start time (docs/facts/github.md#run-states-and-approval). */
export function addAttempt(
  store: GithubStore,
  run: StoredRun,
  input: { status?: RunStatus | undefined; triggeringActor?: string | undefined },
): StoredAttempt {
  const previous = latestAttempt(run)
  if (previous.status !== 'completed') setRunStatus(store, run, 'completed', 'cancelled')
  const actorId = input.triggeringActor === undefined ? run.actorId : ensureUser(store, input.triggeringActor).id
  const status = input.status ?? 'in_progress'
  const attempt = buildAttempt(previous.number + 1, status, conclusionFor(status, undefined), store.now(), actorId)
  run.attempts.push(attempt)
  return attempt
}

/**
 * Lets a run go that waits as completed/action_required. It keeps its id and attempt
 * (docs/facts/github.md#run-states-and-approval).
 */
export function approveRun(store: GithubStore, run: StoredRun): StoredRun {
  const attempt = latestAttempt(run)
  if (attempt.conclusion !== 'action_required') throw new StateProblem(409, `run ${run.id} does not await approval`)
  setRunStatus(store, run, 'queued')
  return run
}
