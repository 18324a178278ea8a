import type { Job, Repository, Run } from '../state/model.ts'
import { StateProblem } from '../state/problem.ts'
import { addAttempt, approveRun, createRun, type RunInput, setRunStatus } from '../state/runs.ts'
import { latestAttempt } from '../state/store.ts'
import { checkNeeds } from './job-plan.ts'
import { type ExecutionParts, RunExecution, type WorkflowOrder } from './run-execution.ts'

export interface WorkflowRequest extends WorkflowOrder {
  run: RunInput
  /** The run is shown as completed/action_required and starts when approved (facts F). */
  awaitsApproval: boolean
}

export interface StartedRun {
  run: Run
  /** Those that wait for no other job; the rest appear as their needs are met. */
  jobs: Job[]
}

/** Runs that were given as workflows: started, approved, repeated, cancelled, and all stopped at the end. */
export class WorkflowRuns {
  readonly #parts: ExecutionParts
  readonly #orders = new Map<number, WorkflowOrder>()
  readonly #running = new Map<number, { abort: AbortController; done: Promise<void> }>()

  constructor(parts: ExecutionParts) {
    this.#parts = parts
  }

  start(repository: Repository, request: WorkflowRequest): StartedRun {
    checkNeeds(request.workflow)
    const status = request.awaitsApproval
      ? ({ status: 'completed', conclusion: 'action_required' } as const)
      : undefined
    const name = request.workflow.name ?? request.run.path ?? 'ci'
    const run = createRun(this.#store, repository, { name, status: 'queued', ...request.run, ...status })
    this.#orders.set(run.id, { workflow: request.workflow, secrets: request.secrets })
    return { run, jobs: request.awaitsApproval ? [] : this.#execute(run) }
  }

  /** Lets a waiting run go; executes it if it is one of ours. */
  approve(run: Run): Job[] {
    approveRun(this.#store, run)
    return this.#orders.has(run.id) ? this.#execute(run) : []
  }

  /** The next attempt; executed again if the run was a workflow, else just recorded. */
  async repeat(run: Run, input: Parameters<typeof addAttempt>[2]): Promise<Job[]> {
    await this.cancel(run)
    if (latestAttempt(run).conclusion === 'action_required') {
      throw new StateProblem(409, 'a run that awaits approval is repeated into the same state')
    }
    const isOurs = this.#orders.has(run.id)
    addAttempt(this.#store, run, isOurs ? { ...input, status: 'queued' } : input)
    return isOurs ? this.#execute(run) : []
  }

  async cancel(run: Run): Promise<void> {
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
    return this.#parts.simulation.store
  }

  #execute(run: Run): Job[] {
    const order = this.#orders.get(run.id)
    if (order === undefined) return []
    const abort = new AbortController()
    const execution = new RunExecution(this.#parts, run, order, abort.signal)
    const jobs = execution.queueFirstJobs()
    const done = execution.run().then(
      () => this.#forget(run, abort),
      err => {
        this.#parts.log.error({ err, runId: run.id }, 'a workflow could not be executed')
        setRunStatus(this.#store, run, 'completed', 'failure')
        this.#forget(run, abort)
      },
    )
    this.#running.set(run.id, { abort, done })
    return jobs
  }

  #forget(run: Run, abort: AbortController): void {
    if (this.#running.get(run.id)?.abort === abort) this.#running.delete(run.id)
  }
}
