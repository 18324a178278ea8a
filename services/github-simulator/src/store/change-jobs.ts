import { randomUUID } from 'node:crypto'
import { type GithubStore, latestAttempt } from './github-store.ts'
import { followJobs } from './run-status.ts'
import { requireRoom, StateProblem } from './state-problem.ts'
import { jobsMax, logLineCharsMax, logLinesPerJobMax, stepSnapshotsMax, stepsPerJobMax } from './store-limits.ts'
import type { Conclusion, LogLine, RunStatus, StepSnapshot, StoredJob, StoredRun, StoredStep } from './stored-types.ts'

interface JobInput {
  id?: number | undefined
  key?: string | undefined
  name?: string | undefined
  status?: RunStatus | undefined
  conclusion?: Conclusion | null | undefined
  labels?: string[] | undefined
  runnerName?: string | undefined
  /** Epoch milliseconds. */
  startedAt?: number | undefined
}

interface StepInput {
  number?: number | undefined
  name: string
  status?: StepSnapshot['status'] | undefined
  conclusion?: Conclusion | null | undefined
}

type StepPatch = Partial<Pick<StepSnapshot, 'name' | 'status' | 'conclusion'>>

/** Adds a job to the run's latest attempt; unless said, it is as far as the run. */
export function createJob(store: GithubStore, run: StoredRun, input: JobInput): StoredJob {
  requireRoom(store.jobs.size, jobsMax, 'jobs')
  const attempt = latestAttempt(run)
  const now = store.now()
  const id = store.takeId('job', input.id)
  const status = input.status ?? attempt.status
  const conclusion = input.conclusion ?? attempt.conclusion ?? 'success'
  const job: StoredJob = {
    id,
    runId: run.id,
    attempt: attempt.number,
    key: input.key ?? 'build',
    name: input.name ?? input.key ?? 'build',
    status,
    conclusion: status === 'completed' ? conclusion : null,
    labels: input.labels ?? ['ubuntu-latest'],
    runnerName: status === 'in_progress' || status === 'completed' ? (input.runnerName ?? 'GitHub Actions 1') : null,
    createdAt: input.startedAt ?? now,
    startedAt: input.startedAt ?? now,
    completedAt: status === 'completed' ? now : null,
    hiddenId: String(store.takeId('hiddenJob')),
    backendId: randomUUID(),
    steps: [],
    log: [],
  }
  attempt.jobIds.push(id)
  store.jobs.set(id, job)
  store.jobsByHiddenId.set(job.hiddenId, id)
  store.jobsByBackendId.set(job.backendId, id)
  store.announce({ kind: 'job', job })
  followJobs(store, run)
  return job
}

export function startJob(store: GithubStore, job: StoredJob, runnerName: string): void {
  moveJob(store, job, { status: 'in_progress', runnerName })
  followJobsOf(store, job)
}

export function completeJob(store: GithubStore, job: StoredJob, conclusion: Conclusion): void {
  moveJob(store, job, { status: 'completed', conclusion })
  followJobsOf(store, job)
}

export function patchJob(
  store: GithubStore,
  job: StoredJob,
  patch: { name?: string | undefined; status?: RunStatus | undefined; conclusion?: Conclusion | null | undefined },
): StoredJob {
  job.name = patch.name ?? job.name
  if (patch.status === undefined) return job
  moveJob(store, job, { status: patch.status, conclusion: patch.conclusion })
  followJobsOf(store, job)
  return job
}

/** Moves a job alone; whoever moves all jobs of a run moves the run too. A job that is over cannot end again. */
export function moveJob(
  store: GithubStore,
  job: StoredJob,
  to: { status: RunStatus; conclusion?: Conclusion | null | undefined; runnerName?: string },
): void {
  const now = store.now()
  const feed = store.feed(job.runId)
  const subject = { jobId: job.id, jobName: job.name }
  const before = job.status
  if (to.status === 'completed') {
    if (job.status === 'completed') return
    const conclusion = to.conclusion ?? 'success'
    Object.assign(job, { status: to.status, conclusion, completedAt: now })
    feed.publish(now, { type: 'job-completed', ...subject, conclusion })
    store.announce({ kind: 'job', job })
    return
  }
  Object.assign(job, { status: to.status, conclusion: null, completedAt: null })
  if (to.status !== 'in_progress') {
    job.runnerName = null
    if (before !== to.status) store.announce({ kind: 'job', job })
    return
  }
  const runnerName = to.runnerName ?? job.runnerName ?? 'GitHub Actions 1'
  Object.assign(job, { runnerName, startedAt: now })
  feed.publish(now, { type: 'job-started', ...subject, runnerName })
  if (before !== to.status) store.announce({ kind: 'job', job })
}

/** A job of an older attempt changes nothing of the run. */
function followJobsOf(store: GithubStore, job: StoredJob): void {
  const run = store.run(job.runId)
  if (latestAttempt(run).number === job.attempt) followJobs(store, run)
}

export function addStep(store: GithubStore, job: StoredJob, input: StepInput): StoredStep {
  requireRoom(job.steps.length, stepsPerJobMax, 'steps in a job')
  const number = input.number ?? Math.max(0, ...job.steps.map(step => step.number)) + 1
  if (job.steps.some(step => step.number === number)) throw new StateProblem(409, `step ${number} exists`)
  const now = store.now()
  const status = input.status ?? 'in_progress'
  const snapshot: StepSnapshot = {
    at: now,
    name: input.name,
    status,
    conclusion: status === 'completed' ? (input.conclusion ?? 'success') : null,
    startedAt: status === 'queued' ? null : now,
    completedAt: status === 'completed' ? now : null,
  }
  const step: StoredStep = { number, webId: randomUUID(), snapshots: [snapshot] }
  job.steps.push(step)
  job.steps.sort((a, b) => a.number - b.number)
  store.feed(job.runId).publish(now, { type: 'step-started', jobId: job.id, step: number, name: input.name })
  return step
}

export function patchStep(store: GithubStore, job: StoredJob, number: number, patch: StepPatch): StoredStep {
  const step = findStep(job, number)
  const before = currentSnapshot(step)
  const now = store.now()
  const status = patch.status ?? before.status
  const after: StepSnapshot = {
    at: now,
    name: patch.name ?? before.name,
    status,
    conclusion: status === 'completed' ? (patch.conclusion ?? before.conclusion ?? 'success') : null,
    startedAt: before.startedAt ?? (status === 'queued' ? null : now),
    completedAt: status === 'completed' ? (before.completedAt ?? now) : null,
  }
  requireRoom(step.snapshots.length, stepSnapshotsMax, 'changes of a step')
  step.snapshots.push(after)
  const feed = store.feed(job.runId)
  const subject = { jobId: job.id, step: number, name: after.name }
  if (after.name !== before.name) feed.publish(now, { type: 'step-renamed', ...subject })
  if (after.status === 'completed' && before.status !== 'completed') {
    feed.publish(now, { type: 'step-completed', ...subject, conclusion: after.conclusion })
  }
  return step
}

/** Appends whole lines; lines over the bound are dropped, as by the queue of a live log. */
export function appendLog(store: GithubStore, job: StoredJob, step: number, lines: readonly string[]): void {
  const at = store.now()
  for (const text of lines) {
    if (job.log.length >= logLinesPerJobMax) return
    const entry: LogLine = { at, step, line: text.slice(0, logLineCharsMax) }
    job.log.push(entry)
    store.feed(job.runId).publish(at, { type: 'log', jobId: job.id, step, line: entry.line })
  }
}

function findStep(job: StoredJob, number: number): StoredStep {
  const step = job.steps.find(candidate => candidate.number === number)
  if (step === undefined) throw new StateProblem(404, `no step ${number} in job ${job.id}`)
  return step
}

export function currentSnapshot(step: StoredStep): StepSnapshot {
  return step.snapshots.at(-1) ?? step.snapshots[0]
}
