import type { ContextName } from '../expression/data.ts'
import { contextsUsedBy, interpolate, type Scope } from '../expression/evaluate.ts'
import type { Step } from '../workflow-definition.ts'

/** Contexts that exist only once the job's steps run; a name that uses one stays raw until its step starts (facts B2). */
const runtimeContexts: readonly ContextName[] = ['steps', 'env', 'job', 'runner']

export interface DisplayName {
  text: string
  /** False while the name still waits for contexts; then it is evaluated again when its step starts. */
  final: boolean
}

/** A step's name at the start of the job. Names that cannot be evaluated are shown as they are written. */
export function initialDisplayName(step: Step, scope: Scope): DisplayName {
  const { prefix, template } = nameTemplate(step)
  try {
    const waiting = [...contextsUsedBy(template)].some(name => runtimeContexts.includes(name))
    if (!waiting) return { text: prefix + firstLine(interpolate(template, scope)), final: true }
  } catch {
    // GitHub shows the raw text too; what is wrong is said in the log when the step runs.
  }
  return { text: prefix + firstLine(template), final: false }
}

/** The name right before the step's body runs, with steps and env to look at. Throws TemplateError. */
export function startDisplayName(step: Step, scope: Scope): string {
  const { prefix, template } = nameTemplate(step)
  return prefix + firstLine(interpolate(template, scope))
}

function nameTemplate(step: Step): { prefix: string; template: string } {
  if (step.name !== undefined && step.name !== '') return { prefix: '', template: step.name }
  return { prefix: 'Run ', template: step.uses ?? step.run ?? '' }
}

function firstLine(text: string): string {
  return text.trimStart().split(/[\r\n]/, 1)[0] ?? ''
}
