import type { WorkflowDefinition } from './workflow-definition.ts'

export type JobConclusion = 'success' | 'failure' | 'cancelled' | 'skipped'

/** Told what one job does as it happens. All calls are synchronous, so their order is the order of events. */
export interface JobObserver {
  jobStarted(runnerName: string): void
  stepStarted(step: { number: number; name: string }): void
  /** The display name was evaluated again just before the step's body ran, and differs. */
  stepRenamed(step: { number: number; name: string }): void
  /** One line as the live log shows it: masked, cut, without a timestamp. */
  logLine(stepNumber: number, line: string): void
  stepCompleted(step: { number: number; conclusion: JobConclusion }): void
  jobCompleted(conclusion: JobConclusion): void
}

/** Everything that the runner needs to execute one job. */
export interface JobAssignment {
  workflow: WorkflowDefinition
  jobKey: string
  jobId: number
  matrix: Record<string, string | number | boolean>
  /** The `github` context, including `event` as an object. */
  githubContext: Record<string, unknown>
  /** `http://github.localhost:<port>`, which `@actions/artifact` accepts (docs/facts/github.md#runner). */
  serverUrl: string
  apiUrl: string
  /** Origin of the artifact service. */
  resultsUrl: string
  /** JWT whose `scp` is `Actions.Results:<runBackendId>:<jobBackendId>`. */
  runtimeToken: string
  /** Only for trusted runs with `id-token: write`; absent for forks. */
  idTokenRequest?: { url: string; token: string }
  /** Empty for forks. */
  secrets: Record<string, string>
  needsOutputs: Record<string, { result: JobConclusion; outputs: Record<string, string> }>
}

export interface RunnerPort {
  /** Runs one job to its end. Aborting the signal cancels the job; the promise then resolves with `cancelled`. */
  execute(
    job: JobAssignment,
    observer: JobObserver,
    signal: AbortSignal,
  ): Promise<{ conclusion: JobConclusion; outputs: Record<string, string> }>
}
