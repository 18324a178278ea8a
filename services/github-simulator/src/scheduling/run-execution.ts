import type { Logger } from '@forkproof/infra/log'
import type { JobTokens } from '../access/job-tokens.ts'
import type { JobConclusion, RunnerPort } from '../runner/runner-port.ts'
import type { JobDefinition, WorkflowDefinition } from '../runner/workflow-definition.ts'
import type { SimulatorState } from '../simulator-state.ts'
import { completeJob, createJob, patchJob } from '../store/change-jobs.ts'
import { setRunStatus } from '../store/change-runs.ts'
import { latestAttempt } from '../store/github-store.ts'
import { mergeConclusions } from '../store/run-status.ts'
import type { StoredJob, StoredRun } from '../store/stored-types.ts'
import { githubContext } from './github-context.ts'
import { assignJob } from './job-assignments.ts'
import { jobGates, jobName, jobScope, shouldRun } from './job-name.ts'
import { type JobOutcome, type MatrixLeg, matrixLegs, mergeOutcomes, needsOf, statusForCondition } from './job-plan.ts'
import { recordJob } from './job-recorder.ts'
import type { HeldStatus, JobScheduler } from './job-scheduler.ts'
import { JobSlots } from './job-slots.ts'

export interface ExecutionDeps {
  state: SimulatorState
  tokens: JobTokens
  runner: RunnerPort
  /** Shared by the jobs of all runs. */
  scheduler: JobScheduler
  log: Logger
}

export interface WorkflowWithSecrets {
  workflow: WorkflowDefinition
  secrets: Record<string, string>
}

interface MatrixJob {
  job: StoredJob
  matrix: MatrixLeg
}

/** One attempt of a workflow: its jobs in the order of their needs, each leg of a matrix a job of its own. */
export class RunExecution {
  readonly #deps: ExecutionDeps
  readonly #run: StoredRun
  readonly #order: WorkflowWithSecrets
  readonly #signal: AbortSignal
  readonly #outcomes = new Map<string, JobOutcome>()
  readonly #settling = new Map<string, Promise<JobOutcome>>()
  readonly #legs = new Map<string, MatrixJob[]>()

  constructor(deps: ExecutionDeps, run: StoredRun, order: WorkflowWithSecrets, signal: AbortSignal) {
    this.#deps = deps
    this.#run = run
    this.#order = order
    this.#signal = signal
  }

  /** Creates the jobs that wait for nothing; the others come when their needs are met, as on GitHub. */
  queueFirstJobs(): StoredJob[] {
    latestAttempt(this.#run).hasJobsToCome = true
    const first = Object.entries(this.#order.workflow.jobs).filter(([, job]) => needsOf(job).length === 0)
    return first.flatMap(([key, job]) => (this.#isWanted(key, job) ? this.#legsOf(key, job) : [])).map(leg => leg.job)
  }

  /** Resolves when every job is over; never rejects. */
  async run(): Promise<void> {
    const { store } = this.#deps.state
    const keys = Object.keys(this.#order.workflow.jobs)
    const outcomes = await Promise.all(keys.map(key => this.#settle(key)))
    const merged = mergeConclusions(outcomes.map(outcome => outcome.result))
    setRunStatus(store, this.#run, 'completed', this.#signal.aborted ? 'cancelled' : merged)
  }

  #settle(key: string): Promise<JobOutcome> {
    let settling = this.#settling.get(key)
    if (settling === undefined) {
      settling = this.#executeJob(key).then(outcome => {
        this.#outcomes.set(key, outcome)
        return outcome
      })
      this.#settling.set(key, settling)
    }
    return settling
  }

  async #executeJob(key: string): Promise<JobOutcome> {
    const job = this.#order.workflow.jobs[key]
    if (job === undefined) return { result: 'failure', outputs: {} }
    await Promise.all(needsOf(job).map(need => this.#settle(need)))
    if (!this.#isWanted(key, job)) return this.#skip(key)
    const places = new JobSlots(job.strategy?.['max-parallel'] ?? Number.POSITIVE_INFINITY)
    const legs = this.#legsOf(key, job)
    const execute = (leg: MatrixJob) => places.use(() => this.#executeInTurn(job, leg))
    return mergeOutcomes(await Promise.all(legs.map(execute)))
  }

  /** A job whose condition cannot be evaluated runs all the same, and fails in the runner, which says why. */
  #isWanted(key: string, job: JobDefinition): boolean {
    if (this.#signal.aborted && job.if === undefined) return false
    try {
      return shouldRun(job, this.#scope(key, job, {}))
    } catch {
      return true
    }
  }

  #skip(key: string): JobOutcome {
    const { store } = this.#deps.state
    const job = createJob(store, this.#run, { key, name: key, status: 'queued' })
    completeJob(store, job, 'skipped')
    return { result: 'skipped', outputs: {} }
  }

  #legsOf(key: string, job: JobDefinition): MatrixJob[] {
    const existing = this.#legs.get(key)
    if (existing !== undefined) return existing
    const legs = matrixLegs(job).map(matrix => {
      const labels = [job['runs-on'] ?? 'ubuntu-latest']
      const input = { key, name: this.#nameOf(key, job, matrix), status: 'queued' as const, labels }
      return { matrix, job: createJob(this.#deps.state.store, this.#run, input) }
    })
    this.#legs.set(key, legs)
    return legs
  }

  #nameOf(key: string, job: JobDefinition, matrix: MatrixLeg): string {
    try {
      return jobName(key, job, matrix, this.#scope(key, job, matrix))
    } catch {
      return job.name ?? key
    }
  }

  #scope(key: string, job: JobDefinition, matrix: MatrixLeg) {
    const { origin, store } = this.#deps.state
    const links = { api: origin.base, html: origin.serverUrl }
    const status = this.#signal.aborted ? 'cancelled' : statusForCondition(this.#order.workflow, key, this.#outcomes)
    return jobScope({ github: githubContext(store, links, this.#run, ''), matrix, needs: this.#needs(job), status })
  }

  #needs(job: JobDefinition): Record<string, JobOutcome> {
    const known = needsOf(job).flatMap(need => {
      const outcome = this.#outcomes.get(need)
      return outcome === undefined ? [] : [[need, outcome] as const]
    })
    return Object.fromEntries(known)
  }

  /** Waits for the job's turn. A job that does not get one is cancelled. */
  async #executeInTurn(definition: JobDefinition, leg: MatrixJob): Promise<JobOutcome> {
    const { scheduler, state } = this.#deps
    const demand = { repositoryId: this.#run.repositoryId, ...this.#gatesOf(definition, leg) }
    const show = (status: HeldStatus) => patchJob(state.store, leg.job, { status })
    const place = await scheduler.admit(demand, show, this.#signal)
    if (place === undefined) {
      completeJob(state.store, leg.job, 'cancelled')
      return { result: 'cancelled', outputs: {} }
    }
    try {
      return await this.#executeLeg(definition, leg)
    } finally {
      place.release()
    }
  }

  /** A group or environment that cannot be evaluated holds nothing back. */
  #gatesOf(definition: JobDefinition, { job, matrix }: MatrixJob) {
    try {
      return jobGates(definition, this.#scope(job.key, definition, matrix))
    } catch {
      return { concurrencyGroup: undefined, environment: undefined }
    }
  }

  async #executeLeg(definition: JobDefinition, { job, matrix }: MatrixJob): Promise<JobOutcome> {
    const { state, tokens, runner, log } = this.#deps
    const { workflow, secrets } = this.#order
    const order = { run: this.#run, job, workflow, matrix, secrets, needs: this.#needs(definition) }
    let conclusion: JobConclusion = this.#signal.aborted ? 'cancelled' : 'failure'
    try {
      if (this.#signal.aborted) return { result: conclusion, outputs: {} }
      const { assignment, release } = await assignJob(state, tokens, order)
      try {
        const result = await runner.execute(assignment, recordJob(state.store, job), this.#signal)
        conclusion = result.conclusion
        return { result: conclusion, outputs: result.outputs }
      } finally {
        release()
      }
    } catch (err) {
      log.error({ err, jobId: job.id, runId: this.#run.id }, 'a job could not be executed')
      return { result: conclusion, outputs: {} }
    } finally {
      completeJob(state.store, job, conclusion)
      latestAttempt(this.#run).updatedAt = state.store.now()
    }
  }
}
