import { type GithubStore, latestAttempt } from './github-store.ts'
import type { Conclusion, RunStatus, StoredAttempt, StoredJob, StoredRun } from './stored-types.ts'

/**
 * Least advanced first. A run shows the first of these that any of its jobs has, so it reads `queued` while other jobs
 * of it run (docs/facts/github.md#run-states-and-approval).
 */
const statusesByProgress: readonly RunStatus[] = [
  'requested',
  'waiting',
  'pending',
  'queued',
  'in_progress',
  'completed',
]

/** Later ones count only where none of the earlier ones is there. */
const decisiveConclusions: readonly Conclusion[] = ['failure', 'timed_out', 'cancelled', 'action_required']

/** `undefined` without jobs: such a run has a status of its own. */
export function leastAdvanced(statuses: readonly RunStatus[]): RunStatus | undefined {
  return statusesByProgress.find(status => statuses.includes(status))
}

/** One result for a run by its jobs, or for a job by the legs of its matrix. */
export function mergeConclusions<T extends Conclusion>(conclusions: readonly T[]): T | 'success' | 'skipped' {
  for (const decisive of decisiveConclusions) {
    const found = conclusions.find(conclusion => conclusion === decisive)
    if (found !== undefined) return found
  }
  return conclusions.length > 0 && conclusions.every(conclusion => conclusion === 'skipped') ? 'skipped' : 'success'
}

/** Recomputes the status of the run's latest attempt from its jobs. To be called after each change of a job. */
export function followJobs(store: GithubStore, run: StoredRun): void {
  const attempt = latestAttempt(run)
  const jobs = jobsOf(store, attempt)
  const shown = leastAdvanced(jobs.map(job => job.status))
  if (shown === undefined) return
  if (shown === 'completed' && !attempt.hasJobsToCome) {
    // The conclusion that the run was given stays.
    if (attempt.status === 'completed') return
    const conclusion = mergeConclusions(jobs.flatMap(job => job.conclusion ?? []))
    writeRunStatus(store, run, 'completed', conclusion)
    return
  }
  writeRunStatus(store, run, shown === 'completed' ? 'in_progress' : shown, null)
}

export function jobsOf(store: GithubStore, attempt: StoredAttempt): StoredJob[] {
  return attempt.jobIds.map(id => store.job(id))
}

/** Changes the latest attempt alone, and tells the run's followers of its first start and of its end. */
export function writeRunStatus(
  store: GithubStore,
  run: StoredRun,
  status: RunStatus,
  conclusion: Conclusion | null,
): void {
  const attempt = latestAttempt(run)
  const before = attempt.status
  if (before === status && attempt.conclusion === conclusion) return
  const now = store.now()
  Object.assign(attempt, { status, conclusion, updatedAt: now })
  if (status === 'in_progress' && !attempt.isStarted) {
    attempt.isStarted = true
    store.feed(run.id).publish(now, { type: 'run-started', attempt: attempt.number })
    store.announce({ kind: 'run', run, action: 'in_progress' })
  }
  if (status !== before && status === 'completed') {
    store.feed(run.id).publish(now, { type: 'run-completed', attempt: attempt.number, conclusion })
    store.announce({ kind: 'run', run, action: 'completed' })
  }
}
