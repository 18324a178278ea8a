import { toExpressionValue } from '../runner/expression/data.ts'
import { evaluateCondition, interpolate, type Scope } from '../runner/expression/evaluate.ts'
import type { JobDefinition } from '../runner/workflow-definition.ts'
import type { JobOutcome, MatrixLeg } from './job-plan.ts'

/** GitHub cuts job names here (facts B3). */
const jobNameCharsMax = 100

export interface JobScopeInput {
  github: Record<string, unknown>
  matrix: MatrixLeg
  needs: Record<string, JobOutcome>
  status: Scope['status']
}

/** The contexts a job's own `name` and `if` may use: github, needs, strategy, matrix, vars, inputs. */
export function jobScope(input: JobScopeInput): Scope {
  const { github, matrix, needs, status } = input
  const contexts = {
    github: toExpressionValue(github),
    matrix: toExpressionValue(matrix),
    needs: toExpressionValue(needs),
  }
  return { contexts, status }
}

export function jobName(key: string, job: JobDefinition, matrix: MatrixLeg, scope: Scope): string {
  const values = Object.values(matrix)
  const plain = values.length === 0 ? key : `${key} (${values.join(', ')})`
  return (job.name === undefined ? plain : interpolate(job.name, scope)).slice(0, jobNameCharsMax)
}

export function shouldRun(job: JobDefinition, scope: Scope): boolean {
  return evaluateCondition(job.if, scope)
}
