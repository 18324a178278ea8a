import { addAttempt, approveRun, createRun, type RunInput, setRunStatus } from '../store/change-runs.ts'
import { latestAttempt } from '../store/github-store.ts'
import { StateProblem } from '../store/state-problem.ts'
import type { StoredJob, StoredRepository, StoredRun } from '../store/stored-types.ts'
import { checkNeeds } from './job-plan.ts'
import { type ExecutionDeps, RunExecution, type WorkflowWithSecrets } from './run-execution.ts'

interface WorkflowRequest extends WorkflowWithSecrets {
  run: RunInput
  /** Shown as completed/action_required; starts when approved (docs/facts/github.md#run-states-and-approval). */
  awaitsApproval: boolean
}

interface StartedRun {
  run: StoredRun
  /** Those that wait for no other job; the rest appear as their needs are met. */
  jobs: StoredJob[]
}

/** Runs that came as workflows: starts, approves, repeats and cancels them, and stops all of them at the end. */
export class WorkflowRuns {
  readonly #deps: ExecutionDeps
  readonly #orders = new Map<number, WorkflowWithSecrets>()
  readonly #running = new Map<number, { abort: AbortController; done: Promise<void> }>()

  constructor(deps: ExecutionDeps) {
    this.#deps = deps
  }

  start(repository: StoredRepository, request: WorkflowRequest): StartedRun {
    checkNeeds(request.workflow)
    const status = request.awaitsApproval
      ? ({ status: 'completed', conclusion: 'action_required' } as const)
      : undefined
    const name = request.workflow.name ?? request.run.path ?? 'ci'
    const run = createRun(this.#store, repository, { name, status: 'queued', ...request.run, ...status })
    this.#orders.set(run.id, { workflow: request.workflow, secrets: request.secrets })
    return { run, jobs: request.awaitsApproval ? [] : this.#execute(run) }
  }

  /** Lets a waiting run go; executes it if it came as a workflow. */
  approve(run: StoredRun): StoredJob[] {
    approveRun(this.#store, run)
    return this.#orders.has(run.id) ? this.#execute(run) : []
  }

  /** The next attempt; executed again if the run was a workflow, else just recorded. */
  async repeat(run: StoredRun, input: Parameters<typeof addAttempt>[2]): Promise<StoredJob[]> {
    await this.cancel(run)
    if (latestAttempt(run).conclusion === 'action_required') {
      throw new StateProblem(409, 'a run that awaits approval is repeated into the same state')
    }
    const isOurs = this.#orders.has(run.id)
    addAttempt(this.#store, run, isOurs ? { ...input, status: 'queued' } : input)
    return isOurs ? this.#execute(run) : []
  }

  async cancel(run: StoredRun): Promise<void> {
    const running = this.#running.get(run.id)
    running?.abort.abort(new Error('the run was cancelled'))
    await running?.done
    if (latestAttempt(run).status !== 'completed') setRunStatus(this.#store, run, 'completed', 'cancelled')
  }

  /** Cancels everything and waits until the jobs' processes are gone. */
  async stop(): Promise<void> {
    const running = [...this.#running.values()]
    for (const { abort } of running) abort.abort(new Error('the simulator stops'))
    await Promise.all(running.map(({ done }) => done))
  }

  get #store() {
    return this.#deps.state.store
  }

  #execute(run: StoredRun): StoredJob[] {
    const order = this.#orders.get(run.id)
    if (order === undefined) return []
    const abort = new AbortController()
    const execution = new RunExecution(this.#deps, run, order, abort.signal)
    const jobs = execution.queueFirstJobs()
    const done = execution.run().then(
      () => this.#forget(run, abort),
      err => {
        this.#deps.log.error({ err, runId: run.id }, 'a workflow could not be executed')
        setRunStatus(this.#store, run, 'completed', 'failure')
        this.#forget(run, abort)
      },
    )
    this.#running.set(run.id, { abort, done })
    return jobs
  }

  #forget(run: StoredRun, abort: AbortController): void {
    if (this.#running.get(run.id)?.abort === abort) this.#running.delete(run.id)
  }
}
