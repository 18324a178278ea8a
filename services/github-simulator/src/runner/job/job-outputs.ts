import { interpolateText } from '../expression/evaluate-expression.ts'
import { failureLine } from './failure-line.ts'
import type { JobSession } from './job-session.ts'
import { type StepFrame, stepScope } from './step-contexts.ts'

/**
 * Evaluates the job's outputs. One that holds a secret is left out, since another job would print it unmasked
 * (docs/facts/github.md#masks-and-outputs).
 */
export function evaluateJobOutputs(session: JobSession, frame: StepFrame, stepNumber: number): Record<string, string> {
  const scope = stepScope(session, frame, Object.fromEntries(session.environment))
  const outputs: Record<string, string> = {}
  for (const [name, template] of Object.entries(session.job.outputs ?? {})) {
    try {
      const value = interpolateText(template, scope)
      if (session.masker.contains(value)) {
        session.feed.warning(stepNumber, `Skip output '${name}' since it may contain secret.`)
      } else if (value !== '') {
        outputs[name] = value
      }
    } catch (error) {
      session.feed.error(stepNumber, `Output '${name}': ${failureLine(session, error)}`)
      if (session.status === 'success') session.status = 'failure'
    }
  }
  return outputs
}
