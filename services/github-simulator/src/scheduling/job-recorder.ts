import type { JobConclusion, JobObserver } from '../runner/runner-port.ts'
import { addStep, appendLog, completeJob, patchStep, startJob } from '../store/change-jobs.ts'
import type { GithubStore } from '../store/github-store.ts'
import { StateProblem } from '../store/state-problem.ts'
import type { StoredJob } from '../store/stored-types.ts'

/** Writes what the runner reports into the store. A full store drops reports; it never breaks the runner. */
export function recordJob(store: GithubStore, job: StoredJob): JobObserver {
  return {
    jobStarted: runnerName => startJob(store, job, runnerName),
    stepStarted: step => whileRoom(() => addStep(store, job, step)),
    stepRenamed: ({ number, name }) => whileRoom(() => patchStep(store, job, number, { name })),
    logLine: (step, line) => appendLog(store, job, step, [line]),
    stepCompleted: ({ number, conclusion }: { number: number; conclusion: JobConclusion }) =>
      whileRoom(() => patchStep(store, job, number, { status: 'completed', conclusion })),
    jobCompleted: conclusion => completeJob(store, job, conclusion),
  }
}

function whileRoom(write: () => unknown): void {
  try {
    write()
  } catch (error) {
    if (!(error instanceof StateProblem)) throw error
  }
}
