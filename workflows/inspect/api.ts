import type { RunInspection, RunQuestion } from '@forkproof/contracts/inspection'

/**
 * One look at a run for callers that may not read GitHub: `trust:explain` and introspection. On the task queue of
 * builds.
 */
export const inspectWorkflow = 'inspect'
export type InspectWorkflow = (question: RunQuestion) => Promise<RunInspection>
