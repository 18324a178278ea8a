import { createArtifact } from '../store/change-artifacts.ts'
import { addStep, patchStep } from '../store/change-jobs.ts'
import { type GithubStore, latestAttempt } from '../store/github-store.ts'
import { jobsOf } from '../store/run-status.ts'
import { StateProblem } from '../store/state-problem.ts'
import type { StoredRun } from '../store/stored-types.ts'

interface ActivityInput {
  /** Made at once. */
  artifactsThere?: number | undefined
  artifactEveryMs?: number | undefined
  stepEveryMs?: number | undefined
}

/** Steps that come from here are numbered from here on, out of the way of the runner's own. */
const firstStepNumber = 10_000

/** Runs in which something happens all the time: other jobs' artifacts appear, and steps end and begin. */
export class RunActivities {
  readonly #store: GithubStore
  readonly #running = new Map<number, AbortController>()
  #artifactCount = 0

  constructor(store: GithubStore) {
    this.#store = store
  }

  /** Replaces what goes on in the run. It ends with the run, and when there is no room for more. */
  set(run: StoredRun, input: ActivityInput): void {
    this.#running.get(run.id)?.abort(new Error('something else goes on'))
    const abort = new AbortController()
    this.#running.set(run.id, abort)
    for (let count = 0; count < (input.artifactsThere ?? 0); count += 1) this.#addArtifact(run)
    const each = [
      [input.artifactEveryMs, () => this.#addArtifact(run)],
      [input.stepEveryMs, () => this.#changeSteps(run)],
    ] as const
    for (const [everyMs, act] of each) {
      if (everyMs !== undefined) void this.#repeat(run, everyMs, act, abort.signal)
    }
  }

  stop(): void {
    for (const abort of this.#running.values()) abort.abort(new Error('the simulator stops'))
    this.#running.clear()
  }

  async #repeat(run: StoredRun, everyMs: number, act: () => void, signal: AbortSignal): Promise<void> {
    try {
      while (latestAttempt(run).status !== 'completed') {
        await this.#store.clock.sleep(everyMs, signal)
        act()
      }
    } catch (error) {
      if (!signal.aborted && !(error instanceof StateProblem)) throw error
    }
  }

  #addArtifact(run: StoredRun): void {
    this.#artifactCount += 1
    createArtifact(this.#store, run, { name: `report-${this.#artifactCount}`, sizeBytes: 1_024 })
  }

  #changeSteps(run: StoredRun): void {
    for (const job of jobsOf(this.#store, latestAttempt(run))) {
      if (job.status !== 'in_progress') continue
      const last = job.steps.findLast(step => step.number >= firstStepNumber)?.number
      if (last !== undefined) patchStep(this.#store, job, last, { status: 'completed' })
      const number = last === undefined ? firstStepNumber : last + 1
      addStep(this.#store, job, { number, name: `Work ${number - firstStepNumber + 1}` })
    }
  }
}
