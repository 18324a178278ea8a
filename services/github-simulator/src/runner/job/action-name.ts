import type { StepDefinition } from '../workflow-definition.ts'
import type { JobSession } from './job-session.ts'

/** GITHUB_ACTION: the step's id, or a name made from what it runs, with a number from the second on. */
export function actionName(session: JobSession, step: StepDefinition): string {
  if (step.id !== undefined) return step.id
  const uses = (step.uses ?? '').split('@')[0] ?? ''
  const name = step.uses === undefined ? '__run' : `__${uses.replaceAll(/[^A-Za-z0-9-]+/g, '_').replace(/^_+/, '')}`
  const count = (session.actionNames.get(name) ?? 0) + 1
  session.actionNames.set(name, count)
  return count === 1 ? name : `${name}_${count}`
}
