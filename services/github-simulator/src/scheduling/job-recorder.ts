import type { JobConclusion, JobObserver } from '../runner/ports.ts'
import { addStep, appendLog, completeJob, patchStep, startJob } from '../state/jobs.ts'
import type { Job } from '../state/model.ts'
import { StateProblem } from '../state/problem.ts'
import type { Store } from '../state/store.ts'

/** Writes what the runner reports into the state. A full store drops reports; it never breaks the runner. */
export function recordJob(store: Store, job: Job): JobObserver {
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
