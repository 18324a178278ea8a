import type { JobConclusion } from '../runner/runner-port.ts'
import type { JobDefinition, WorkflowDefinition } from '../runner/workflow-definition.ts'
import { mergeConclusions } from '../store/run-status.ts'
import { StateProblem } from '../store/state-problem.ts'

export type MatrixLeg = Record<string, string | number | boolean>
export interface JobOutcome {
  result: JobConclusion
  outputs: Record<string, string>
}

const matrixLegsMax = 256

export function needsOf(job: JobDefinition): string[] {
  return typeof job.needs === 'string' ? [job.needs] : (job.needs ?? [])
}

/** Every combination of the matrix, in the order of its keys; one empty leg without a matrix. */
export function matrixLegs(job: JobDefinition): MatrixLeg[] {
  let legs: MatrixLeg[] = [{}]
  for (const [name, values] of Object.entries(job.strategy?.matrix ?? {})) {
    legs = legs.flatMap(leg => values.map(value => ({ ...leg, [name]: value })))
    if (legs.length > matrixLegsMax) throw new StateProblem(422, `a matrix has at most ${matrixLegsMax} combinations`)
  }
  return legs
}

/** Refuses workflows whose `needs` name nothing or go round in circles. */
export function checkNeeds(workflow: WorkflowDefinition): void {
  const settled = new Set<string>()
  let open = Object.entries(workflow.jobs)
  for (const [key, job] of open) {
    const missing = needsOf(job).find(need => !Object.hasOwn(workflow.jobs, need))
    if (missing !== undefined) throw new StateProblem(422, `job ${key} needs ${missing}, which does not exist`)
  }
  while (open.length > 0) {
    const ready = open.filter(([, job]) => needsOf(job).every(need => settled.has(need)))
    if (ready.length === 0) throw new StateProblem(422, 'the needs of the jobs go round in a circle')
    for (const [key] of ready) settled.add(key)
    open = open.filter(([key]) => !settled.has(key))
  }
}

/** What success() and failure() say for a job: its needs and theirs count, all the way up. */
export function statusForCondition(
  workflow: WorkflowDefinition,
  key: string,
  outcomes: ReadonlyMap<string, JobOutcome>,
): 'success' | 'failure' {
  const pending = [key]
  for (let index = 0; index < pending.length; index += 1) {
    const job = workflow.jobs[pending[index] ?? '']
    for (const need of job === undefined ? [] : needsOf(job)) if (!pending.includes(need)) pending.push(need)
  }
  const isSuccess = pending.slice(1).every(need => outcomes.get(need)?.result === 'success')
  return isSuccess ? 'success' : 'failure'
}

/** One result for all legs of a matrix; later legs' outputs replace earlier ones'. */
export function mergeOutcomes(legs: readonly JobOutcome[]): JobOutcome {
  const outputs = Object.assign({}, ...legs.map(leg => leg.outputs)) as Record<string, string>
  return { result: mergeConclusions(legs.map(leg => leg.result)), outputs }
}
