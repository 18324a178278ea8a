import { type ExpressionScope, evaluateCondition, interpolateText } from '../runner/expression/evaluate-expression.ts'
import { toExpressionValue } from '../runner/expression/expression-values.ts'
import type { JobDefinition } from '../runner/workflow-definition.ts'
import type { JobOutcome, MatrixLeg } from './job-plan.ts'

/** GitHub cuts job names here (docs/facts/github.md#job-names). */
const jobNameCharsMax = 100

interface JobScopeInput {
  github: Record<string, unknown>
  matrix: MatrixLeg
  needs: Record<string, JobOutcome>
  status: ExpressionScope['status']
}

/** The contexts a job's own `name` and `if` may use: github, needs, strategy, matrix, vars, inputs. */
export function jobScope(input: JobScopeInput): ExpressionScope {
  const { github, matrix, needs, status } = input
  const contexts = {
    github: toExpressionValue(github),
    matrix: toExpressionValue(matrix),
    needs: toExpressionValue(needs),
  }
  return { contexts, status }
}

export function jobName(key: string, job: JobDefinition, matrix: MatrixLeg, scope: ExpressionScope): string {
  const values = Object.values(matrix)
  const plain = values.length === 0 ? key : `${key} (${values.join(', ')})`
  return (job.name === undefined ? plain : interpolateText(job.name, scope)).slice(0, jobNameCharsMax)
}

export function shouldRun(job: JobDefinition, scope: ExpressionScope): boolean {
  return evaluateCondition(job.if, scope)
}

/** Where a job's turn depends on others: its concurrency group and its environment, as evaluated. */
export function jobGates(
  job: JobDefinition,
  scope: ExpressionScope,
): { concurrencyGroup: string | undefined; environment: string | undefined } {
  const group = typeof job.concurrency === 'object' ? job.concurrency.group : job.concurrency
  const environment = typeof job.environment === 'object' ? job.environment.name : job.environment
  const evaluate = (text: string | undefined) => (text === undefined ? undefined : interpolateText(text, scope))
  return { concurrencyGroup: evaluate(group), environment: evaluate(environment) }
}
