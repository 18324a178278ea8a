import { contextsUsedBy, type ExpressionScope, interpolateText } from '../expression/evaluate-expression.ts'
import type { ContextName } from '../expression/expression-values.ts'
import type { StepDefinition } from '../workflow-definition.ts'

/**
 * Contexts that exist only once the job's steps run. A name that uses one stays raw until its step starts
 * (docs/facts/github.md#step-names).
 */
const runtimeContexts: readonly ContextName[] = ['steps', 'env', 'job', 'runner']

export interface DisplayName {
  text: string
  /** False while the name still waits for contexts; then it is evaluated again when its step starts. */
  final: boolean
}

/** A step's name at the start of the job. Names that cannot be evaluated are shown as they are written. */
export function initialDisplayName(step: StepDefinition, scope: ExpressionScope): DisplayName {
  const { prefix, template } = nameTemplate(step)
  try {
    const waiting = [...contextsUsedBy(template)].some(name => runtimeContexts.includes(name))
    if (!waiting) return { text: prefix + firstLine(interpolateText(template, scope)), final: true }
  } catch {
    // GitHub shows the raw text too; what is wrong is said in the log when the step runs.
  }
  return { text: prefix + firstLine(template), final: false }
}

/** The name right before the step's body runs, with steps and env to look at. Throws TemplateError. */
export function startDisplayName(step: StepDefinition, scope: ExpressionScope): string {
  const { prefix, template } = nameTemplate(step)
  return prefix + firstLine(interpolateText(template, scope))
}

function nameTemplate(step: StepDefinition): { prefix: string; template: string } {
  if (step.name !== undefined && step.name !== '') return { prefix: '', template: step.name }
  return { prefix: 'Run ', template: step.uses ?? step.run ?? '' }
}

function firstLine(text: string): string {
  return text.trimStart().split(/[\r\n]/, 1)[0] ?? ''
}
